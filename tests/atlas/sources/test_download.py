from __future__ import annotations

import gzip
import hashlib
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.files.volumes import check_whole
from napari_atlas_assign.atlas.sources import download
from napari_atlas_assign.atlas.sources.download import DownloadCancelled, fetch
from napari_atlas_assign.errors import AtlasError, InputError

BODY = bytes(range(256)) * 2000
VOLUME = gzip.compress(
    nib.Nifti1Image(np.random.default_rng(0).integers(0, 9, (9, 9, 9)).astype(np.uint8), np.eye(4)).to_bytes()
)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hits: list[str] = []  # noqa: RUF012

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.hits.append(self.path)
        getattr(self, "serve_" + self.path.strip("/").split("/")[0].split("?")[0].replace(".", "_"))()

    def _start(self, length, code=200, **headers):
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()

    def serve_whole(self):
        self._start(len(BODY))
        self.wfile.write(BODY)

    def serve_cut(self):
        self._start(len(BODY))
        self.wfile.write(BODY[:70_000])
        self.wfile.flush()
        self.connection.close()
        self.close_connection = True

    def serve_chunked(self):
        self._start(None, **{"Transfer-Encoding": "chunked"})
        for start in range(0, len(BODY), 100_000):
            part = BODY[start : start + 100_000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def serve_chunkedcut(self):
        self._start(None, **{"Transfer-Encoding": "chunked"})
        self.wfile.write(b"%x\r\n%s\r\n" % (100_000, BODY[:100_000]))
        self.wfile.flush()
        self.connection.close()
        self.close_connection = True

    def serve_unsized(self):
        self.close_connection = True
        self._start(None, Connection="close")
        self.wfile.write(BODY)

    def serve_slow(self):
        self._start(len(BODY))
        try:
            for byte in BODY[:200]:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass
        self.close_connection = True

    def serve_silent(self):
        self._start(len(BODY))
        self.wfile.write(BODY[:10])
        self.wfile.flush()
        time.sleep(1)
        self.close_connection = True

    def serve_moved(self):
        self._start(0, 302, Location="/whole")

    def serve_tofile(self):
        self._start(0, 302, Location="file:///etc/passwd")

    def serve_toftp(self):
        self._start(0, 302, Location="ftp://localhost/x")

    def serve_loop(self):
        self._start(0, 302, Location="/loop")

    def serve_huge(self):
        self._start(10**15)
        self.close_connection = True

    def serve_partial(self):
        self._start(len(BODY), 206)
        self.wfile.write(BODY)

    def serve_nothing(self):
        self._start(None, 204)

    def serve_empty(self):
        self._start(0)

    def serve_login(self):
        page = b"<html><body>Please log in</body></html>" * 10
        self._start(len(page), **{"Content-Type": "text/html"})
        self.wfile.write(page)

    def serve_packed(self):
        body = gzip.compress(BODY)
        self._start(len(body), **{"Content-Encoding": "gzip"})
        self.wfile.write(body)

    def serve_volume(self):
        self._start(len(VOLUME))
        self.wfile.write(VOLUME)

    def serve_short(self):
        self._start(len(VOLUME) - 50)
        self.wfile.write(VOLUME[:-50])

    def serve_dripheader(self):
        self._drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000)

    def serve_dripbody(self):
        self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 10_000, 42)

    def serve_dripchunk(self):
        self._drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 10_000, 50)

    def _drip(self, answer, at_once=0):
        self.close_connection = True
        try:
            self.wfile.write(answer[:at_once])
            for byte in answer[at_once:]:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.03)
        except OSError:
            pass

    def serve_missing(self):
        self._start(0, 404)


class _Server(ThreadingHTTPServer):
    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # HTTPServer's also asks for the host's name, which is slow offline
        self.server_name, self.server_port = self.server_address[:2]


@pytest.fixture(scope="module")
def server():
    server = _Server(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def left_in(folder):
    return [f.name for f in folder.rglob("*")] if folder.exists() else []


def test_a_whole_file_arrives_and_progress_ends_at_its_size(server, tmp_path):
    seen = []
    path = fetch(f"{server}/whole", tmp_path / "new", progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert left_in(tmp_path / "new") == [path.name]


def test_a_file_that_is_there_is_not_downloaded_again(server, tmp_path):
    first = fetch(f"{server}/whole?again", tmp_path)
    hits = len(_Handler.hits)
    assert fetch(f"{server}/whole?again", tmp_path) == first
    assert len(_Handler.hits) == hits


def test_equal_names_at_different_addresses_do_not_collide(server, tmp_path):
    assert fetch(f"{server}/whole/a/x.nii", tmp_path) != fetch(f"{server}/whole/b/x.nii", tmp_path)


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_the_right_checksum_is_accepted_and_a_wrong_one_refused(server, tmp_path, kind):
    right = hashlib.new(kind, BODY).hexdigest()
    assert fetch(f"{server}/whole", tmp_path / "a", checksum=right.upper()).read_bytes() == BODY
    with pytest.raises(AtlasError, match=f"its {kind} differs"):
        fetch(f"{server}/whole", tmp_path / "b", checksum=right[::-1])
    assert left_in(tmp_path / "b") == []


def test_a_damaged_file_from_before_is_downloaded_again_if_the_checksum_is_known(server, tmp_path):
    right = hashlib.sha256(BODY).hexdigest()
    path = fetch(f"{server}/whole", tmp_path, checksum=right)
    path.write_bytes(b"damaged")
    assert fetch(f"{server}/whole", tmp_path, checksum=right).read_bytes() == BODY


def test_a_chunked_answer_arrives_whole(server, tmp_path):
    assert fetch(f"{server}/chunked", tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("where", ["cut", "chunkedcut"])
def test_a_cut_connection_leaves_nothing(server, tmp_path, where):
    with pytest.raises(AtlasError, match="cut"):
        fetch(f"{server}/{where}", tmp_path)
    assert left_in(tmp_path) == []


def test_a_file_of_untold_size_needs_a_checksum(server, tmp_path):
    with pytest.raises(AtlasError, match="does not tell the file's size"):
        fetch(f"{server}/unsized", tmp_path)
    assert left_in(tmp_path) == []
    assert fetch(f"{server}/unsized", tmp_path, checksum=hashlib.sha256(BODY).hexdigest()).read_bytes() == BODY


def test_a_slow_download_can_be_cancelled(server, tmp_path):
    calls = iter([False, False, True])
    with pytest.raises(DownloadCancelled):
        fetch(f"{server}/slow", tmp_path, cancelled=lambda: next(calls))
    assert left_in(tmp_path) == []


def test_a_silent_server_is_given_up(server, tmp_path):
    with pytest.raises(AtlasError, match="does not answer"):
        fetch(f"{server}/silent", tmp_path, timeout=0.2)
    assert left_in(tmp_path) == []


def test_redirects_to_the_web_are_followed(server, tmp_path):
    assert fetch(f"{server}/moved", tmp_path).read_bytes() == BODY


@pytest.mark.parametrize("where", ["tofile", "toftp"])
def test_redirects_off_the_web_are_refused(server, tmp_path, where):
    with pytest.raises(AtlasError, match="not followed"):
        fetch(f"{server}/{where}", tmp_path)
    assert left_in(tmp_path) == []


def test_a_loop_of_redirects_ends(server, tmp_path):
    with pytest.raises(AtlasError):
        fetch(f"{server}/loop", tmp_path)


def test_a_missing_file_is_told_by_its_code(server, tmp_path):
    with pytest.raises(AtlasError, match="404"):
        fetch(f"{server}/missing", tmp_path)
    assert left_in(tmp_path) == []


def test_a_file_larger_than_allowed_is_refused_before_it_is_read(server, tmp_path):
    with pytest.raises(AtlasError, match="larger than"):
        fetch(f"{server}/huge", tmp_path)
    with pytest.raises(AtlasError, match="larger than"):
        fetch(f"{server}/chunked", tmp_path, max_bytes=1000)
    assert left_in(tmp_path) == []


BAD_ADDRESSES = ["file:///etc/passwd", "ftp://localhost/x", "/etc/passwd", "data:,x", "http://", "http://[", ""]


@pytest.mark.parametrize("url", BAD_ADDRESSES)
def test_other_addresses_than_web_ones_are_refused(tmp_path, url):
    with pytest.raises(AtlasError):
        fetch(url, tmp_path)
    assert left_in(tmp_path) == []


def test_without_a_network_one_sentence_comes_at_once(tmp_path):
    with pytest.raises(AtlasError, match="cannot be reached; connect to the network"):
        fetch("http://127.0.0.1:9/x.nii.gz", tmp_path)
    assert left_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_an_atlas_error(server, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AtlasError):
        fetch(f"{server}/whole", tmp_path / "file" / "folder")


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("partial", "answers 206"),
        ("nothing", "answers 204"),
        ("empty", "what arrived is empty"),
        ("packed", r"packs the file in transit \(gzip\)"),
        ("login", "what arrived is not what it should be"),
        ("whole", "what arrived is not what it should be"),
        ("short", "what arrived is not what it should be"),
    ],
)
def test_what_is_no_volume_does_not_stay(server, tmp_path, where, says):
    with pytest.raises(AtlasError, match=says) as error:
        fetch(f"{server}/{where}/a.nii.gz", tmp_path, check=check_whole)
    assert "\n" not in str(error.value)
    assert left_in(tmp_path) == []
    assert fetch(f"{server}/volume/a.nii.gz", tmp_path, check=check_whole).read_bytes() == VOLUME


def test_a_bad_file_of_an_earlier_download_is_fetched_again(server, tmp_path):
    path = fetch(f"{server}/volume/a.nii.gz", tmp_path, check=check_whole)
    path.write_bytes(b"<html>")
    assert fetch(f"{server}/volume/a.nii.gz", tmp_path, check=check_whole).read_bytes() == VOLUME


@pytest.mark.parametrize("where", ["dripheader", "dripbody", "dripchunk"])
def test_a_server_that_drips_is_given_up(server, tmp_path, where):
    with pytest.raises(AtlasError, match="sends next to nothing"):
        fetch(f"{server}/{where}", tmp_path, timeout=0.3)
    assert left_in(tmp_path) == []


def test_a_download_has_to_end(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LONGEST", 0.5)
    monkeypatch.setattr(download, "SLOWEST", 1)
    with pytest.raises(AtlasError, match="the download took more than"):
        fetch(f"{server}/dripbody", tmp_path)
    assert left_in(tmp_path) == []


def test_downloads_are_listed_and_cleared_and_nothing_else(server, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path))
    folder = download.downloads_folder()
    fetch(f"{server}/volume/a.nii.gz", folder, check=check_whole)
    (folder / "thesis.docx").write_text("mine")
    assert download.downloads() == [("a.nii.gz", len(VOLUME))]
    assert download.clear_downloads() == len(VOLUME)
    assert download.downloads() == []
    assert (folder / "thesis.docx").read_text() == "mine"


@pytest.mark.parametrize("value", ["x" * 5000, "a/" * 5000])
def test_a_cache_that_no_folder_can_be_is_one_sentence(monkeypatch, value):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", value)
    with pytest.raises(InputError, match="NAPARI_ATLAS_ASSIGN_CACHE names no folder") as error:
        download.downloads_folder()
    assert len(str(error.value)) < 1300
