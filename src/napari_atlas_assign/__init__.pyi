"""The public names, one a line; a name is where its line says. `__init__.py` reads them, and so do type checkers."""

from .api import assign as assign
from .api import atlases as atlases
from .api import load_atlas as load_atlas
from .api import region_test as region_test
from .api import show as show
from .api import threshold_sweep as threshold_sweep
from .assignment.parameters import Threshold as Threshold
from .assignment.point_result import PointResult as PointResult
from .assignment.regions.groups import regions_by_group as regions_by_group
from .assignment.result import Result as Result
from .atlas.atlas import Atlas as Atlas
from .atlas.merge import merge_atlases as merge_atlases
from .atlas.sources.download import DownloadCancelled as DownloadCancelled
from .atlas.sources.entry import CatalogueEntry as CatalogueEntry
from .atlas.sources.siibra import seed_example as seed_example
from .cluster_tables.label import label_table as label_table
from .errors import AssignmentWarning as AssignmentWarning
from .errors import AtlasError as AtlasError
from .errors import InputError as InputError
from .grid import Grid as Grid
from .image import Image as Image
from .modes.point_set import PointSet as PointSet
from .report.figures import save_figures as save_figures
from .report.rerun import compare_with_record as compare_with_record
from .report.rerun import rerun as rerun
from .resources import sample_data_folder as sample_data_folder
from .tiff_files.registration import Registration as Registration
from .tiff_files.registration import open_registration as open_registration

__version__: str
