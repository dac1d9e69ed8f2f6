"""Tables as the field's programs lay them out, with made-up numbers, and an atlas whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_atlas_assign import Atlas, Grid


def halves(space="MNI152NLin6Asym", name="halves") -> Atlas:
    """Left is 0.75 for x in [-20, 0), right 0.5 for x in [0, 20], 1 mm, |y|, z up to 20; white matter above z = 10."""
    affine = np.eye(4)
    affine[:3, 3] = -20
    xyz = np.moveaxis(np.indices((41, 41, 41)), 0, -1) - 20
    maps = [np.where(xyz[..., 0] < 0, 0.75, 0), np.where(xyz[..., 0] >= 0, 0.5, 0), np.where(xyz[..., 2] > 10, 0.25, 0)]
    regions = pd.DataFrame({"id": [0, 1, 2], "name": ["Left half", "Right, half", "WM top"]})
    voxels = [np.flatnonzero(m) for m in maps]
    values = [m.reshape(-1)[v].astype(np.float32) for m, v in zip(maps, voxels, strict=True)]
    return Atlas.from_region_entries(Grid((41, 41, 41), affine), regions, voxels, values, name=name, space=space)


FSL = (
    "Cluster Index\tVoxels\tMAX\tMAX X (mm)\tMAX Y (mm)\tMAX Z (mm)\tCOG X (mm)\tCOG Y (mm)\tCOG Z (mm)\n"
    "2\t310\t6.70\t-10\t4\t2\t12.1\t3\t1\n1\t12\t4.10\t8\t-4\t0\t-7.5\t1\t1\n"
)
FSL_VOXELS = FSL.replace("(mm)", "(vox)")
SPM = (
    "set,set,cluster,cluster,cluster,cluster,peak,peak,peak,peak,peak,,,\n"
    "p,c,p(FWE-corr),p(FDR-corr),equivk,p(unc),p(FWE-corr),p(FDR-corr),T,equivZ,p(unc),x,y,z {mm}\n"
    "0.0010,2,0.0000,0.0000,412,0.0000,0.0010,0.0200,8.1000,5.5000,0.0000,-10,4,2\n"
    ",,,,,,0.0210,0.1,7.1,5.0,0.0001,-12,8,4\n,,0.031,0.02,80,0.001,0.2,0.3,5.9,4.4,0.0002,8,-4,0\n"
    "\ntable shows 3 local maxima more than 8.0mm apart\nHeight threshold: T = 3.1\n"
)
SPM_TABS = "p\tT\tx,y,z {mm}\t\t\r\n0.01\t8.1\t-10\t4\t2\r\n\t7.1\t8\t-4\t0"
AFNI = """#[ Dataset prefix      = stats ]
#[ Threshold value(s)  = left-tail thr=-3; right-tail thr=3 ]
#Coordinate order = {order}
#Volume  CM RL  CM AP  CM IS  minRL  maxRL  minAP  maxAP  minIS  maxIS    Mean     SEM    Max Int  MI RL  MI AP  MI IS
#------  -----  -----  -----  -----  -----  -----  -----  -----  -----  -------  -------  -------  -----  -----  -----
    112    1.0    2.0    3.0   -5.0    5.0   -5.0    5.0    0.0    4.0      4.1     0.02      6.7  {first}
     40    1.0    2.0    3.0   -5.0    5.0   -5.0    5.0    0.0    4.0      3.6     0.03      4.1  {second}
#------  -----  -----  -----  -----  -----  -----  -----  -----  -----  -------  -------  -------  -----  -----  -----
#   152    1.0    2.0    3.0                                                 4.0     0.01
"""
AFNI_RAI = AFNI.format(order="RAI", first="10.0   -4.0    2.0", second="-8.0    4.0    0.0")
AFNI_LPI = AFNI.format(order="LPI", first="-10.0    4.0    2.0", second="8.0   -4.0    0.0")
FREESURFER = """# Cluster Growing Summary (mri_surfcluster)
# thsign        abs
# ClusterNo  Max   VtxMax   Size(mm^2)  MNIX   MNIY   MNIZ    NVtxs    WghtVtx  Annot
   1        5.20   110023    912.40    -10.0    4.0    2.0     1510     6000.1  lateraloccipital
   2       -3.90    20110     99.10      8.0   -4.0    0.0      160      512.2  insula
"""
NIMARE = "id\tstudy_id\tx\ty\tz\tspace\na-1\ta\t-10\t4\t2\tMNI\nb-1\tb\t8\t-4\t0\tMNI\n"
SLEUTH = (
    "// Reference=MNI\n// Ada, 2001: left\n// Subjects=15\n-10\t4\t2\n\n// Bea, 2002: right\n// Subjects=9\n8\t-4\t0\n"
)
OWN = 'who;"x";y ;z (mm);note\n1;-10;4;2.0;"a ""b""\nc"\n2;8;-4;0;\n'

NILEARN = (
    "Cluster ID\tX\tY\tZ\tPeak Stat\tCluster Size (mm3)\n1\t-10.0\t4.0\t2.0\t6.7\t310\n1a\t8.0\t-4.0\t0.0\t4.1\t\n"
)

LAYOUTS = {
    "fsl.txt": FSL,
    "spm_tabs.tsv": SPM_TABS,
    "afni_rai.1D": AFNI_RAI,
    "afni_lpi.1D": AFNI_LPI,
    "lh.sig.cluster.summary": FREESURFER,
    "nimare.tsv": NIMARE,
    "foci.txt": SLEUTH,
    "own.csv": OWN,
    "own_crlf.csv": OWN.replace("\n", "\r\n"),
    "nilearn.tsv": NILEARN,
}
"""In each, the first place is (-10, 4, 2) and the second (8, -4, 0)."""
