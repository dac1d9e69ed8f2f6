"""The journal outlives kills, damage and changes."""

from __future__ import annotations

import json
import os
import struct
import zlib

import pytest

from napari_atlas_assign.batch import work
from napari_atlas_assign.batch.inputs import MapFile
from napari_atlas_assign.batch.store import Journal
from napari_atlas_assign.batch.work import MapRecord, packed, stamp_of, unpacked
from napari_atlas_assign.errors import InputError
from napari_atlas_assign.image import file_sha256

SETUP = "0" * 64


@pytest.fixture
def files(tmp_path):
    for n in range(3):
        (tmp_path / f"{n}.nii").write_bytes(b"voxels" * (n + 1))
    return [MapFile(f"{n}.nii", folder=str(tmp_path)) for n in range(3)]


def record(file):
    head = {
        **{"file": file.file, "name": file.name, "threshold": file.threshold},
        **{"stamp": stamp_of(file), "sha256": file_sha256(file.path)},
        **{"volumes": 1, "modes": 1, "assignments": 1, "warnings": [], "timings": {}},
        "columns": {name: [("file", "text")] for name in ("assignments", "modes", "regions")},
    }
    return packed(
        MapRecord(head, {"assignments": file.file.encode() + b"\tassignment\n", "modes": b"mode\n", "regions": b""})
    )


@pytest.fixture
def folder(tmp_path, files):
    with Journal(tmp_path / "finished", SETUP) as journal:
        for file in files:
            journal.append(record(file))
    return tmp_path / "finished"


def test_what_was_appended_is_there_again(folder, files):
    with Journal(folder, SETUP) as journal:
        assert all(journal.holds(file) for file in files)
        assert journal.read(files[1]).rows["assignments"] == b"1.nii\tassignment\n"
        assert journal.read(files[1]).rows["modes"] == b"mode\n"


def test_a_record_cut_off_anywhere_is_dropped_and_can_be_appended_again(folder, files):
    (path,) = folder.glob("*.journal")
    whole = path.read_bytes()
    last = len(whole) - len(record(files[2])) - 12
    for length in range(last, len(whole)):
        path.write_bytes(whole[:length])
        with Journal(folder, SETUP) as journal:
            assert [journal.holds(file) for file in files] == [True, True, False]
            journal.append(record(files[2]))
        assert path.read_bytes() == whole


def test_damage_is_found_and_costs_only_what_follows(folder, files):
    (path,) = folder.glob("*.journal")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with Journal(folder, SETUP) as journal:
        assert [journal.holds(file) for file in files] == [True, False, False]


def test_a_length_from_nowhere_is_no_reason_to_read_it(folder, files):
    (path,) = folder.glob("*.journal")
    path.write_bytes(b"\xff" * 64)
    with Journal(folder, SETUP) as journal:
        assert not any(journal.holds(file) for file in files)


def test_a_changed_file_is_not_finished_but_a_touched_one_is(folder, files):
    os.utime(files[0].path, (1, 1))
    files[1].path.write_bytes(b"other!" * 2)
    files[2].path.unlink()
    with Journal(folder, SETUP) as journal:
        assert [journal.holds(file) for file in files] == [True, False, False]


def test_another_setup_sees_nothing_and_drops_the_others_when_told(folder, files):
    with Journal(folder, "1" * 64) as journal:
        assert not any(journal.holds(file) for file in files)
        journal.drop_others()
    assert len(list(folder.glob("*.journal"))) == 1


MODULES = ["zlib", "isal.isal_zlib"]


@pytest.mark.parametrize("reads", MODULES)
@pytest.mark.parametrize("packs", MODULES)
def test_a_record_is_read_whoever_packed_it(packs, reads, monkeypatch):
    record = MapRecord({"columns": {"modes": [], "regions": []}}, {"modes": b"1\t2\n" * 999, "regions": b""})
    monkeypatch.setattr(work, "packing", pytest.importorskip(packs))
    as_bytes = packed(record)
    monkeypatch.setattr(work, "packing", pytest.importorskip(reads))
    assert unpacked(as_bytes) == record
    for damaged in (as_bytes[:-9], as_bytes[:-9] + bytes(9)):
        with pytest.raises(ValueError, match=r"."):
            unpacked(damaged)


@pytest.mark.parametrize("setup", [SETUP, "1" * 64], ids=["the same setup", "another setup"])
def test_two_cannot_use_one_folder(folder, setup):
    with Journal(folder, SETUP), pytest.raises(InputError, match="in use by another batch"):
        Journal(folder, setup)
    Journal(folder, setup).__exit__(None, None, None)


def test_a_full_disk_is_named_and_what_was_written_before_stays(folder, files):
    class Full:
        """Takes half of what is written."""

        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            self.file.write(data[: len(data) // 2])
            raise OSError(28, "No space left on device")

    with Journal(folder, SETUP) as journal:
        journal._file = Full(journal._file)
        with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); make room"):
            journal.append(record(files[0]))
    with Journal(folder, SETUP) as journal:
        assert all(journal.holds(file) for file in files)


OTHER_HEADS = [None, [], 5, "x", {}, {"file": "0.nii"}, {"error": "none"}]
CHANGES = [
    *({"file": 5}, {"stamp": 3}, {"stamp": ["a", "b"]}, {"sha256": "zz"}, {"modes": -1}, {"warnings": "none"}),
    *({"columns": {}}, {"columns": {"assignments": [["a", "poem"]], "modes": []}}, {"threshold": "high"}),
]


@pytest.mark.parametrize("number", range(len(OTHER_HEADS) + len(CHANGES)))
def test_other_json_under_a_right_checksum_is_no_finished_map(folder, files, number):
    head = (OTHER_HEADS + [unpacked(record(files[0])).head | change for change in CHANGES])[number]
    packed_head = json.dumps(head).encode()
    forged = f"{len(packed_head)} 0 0\n".encode() + packed_head + zlib.compress(b"")
    (journal_file,) = folder.glob("*.journal")
    with journal_file.open("ab") as file:
        file.write(struct.pack("<QI", len(forged), zlib.crc32(forged)) + forged)
    with Journal(folder, SETUP) as journal:
        assert len(journal) == 3
        assert journal.read(files[0]).rows["modes"] == b"mode\n"


@pytest.mark.parametrize("reads", MODULES)
def test_a_body_that_unpacks_to_anything_is_one_sentence(reads, tmp_path, files, monkeypatch):
    monkeypatch.setattr(work, "packing", pytest.importorskip(reads))
    monkeypatch.setattr(work, "LARGEST_RECORD", 1000)
    for body in (zlib.compress(bytes(10**6)), b"no zlib", b""):
        head = json.dumps(unpacked(record(files[0])).head).encode()
        with Journal(tmp_path / "other", SETUP) as journal:
            journal.append(f"{len(head)} 0 0\n".encode() + head + body)
            with pytest.raises(InputError, match=r"is damaged .*delete it"):
                journal.read(files[0])
