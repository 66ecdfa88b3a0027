from pathlib import Path

from inference.reading_ahead import read_ahead


def bytes_read() -> int:
    """By this process, from the page cache or from a disk (proc_pid_io(5), rchar)."""
    return int(Path("/proc/self/io").read_text().split()[1])


def test_every_weight_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    for name, mebibytes in (("unet/a", 70), ("vae/b", 1)):
        file = (tmp_path / name).with_suffix(".safetensors")
        file.parent.mkdir()
        file.write_bytes(bytes(mebibytes << 20))
    (tmp_path / "vae" / "b.bin").write_bytes(bytes(50 << 20))
    before = bytes_read()
    read_ahead(tmp_path).join()
    assert 71 << 20 <= bytes_read() - before < 80 << 20


def test_what_cannot_be_read_is_left_to_whoever_loads_it(tmp_path: Path) -> None:
    (tmp_path / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    read_ahead(tmp_path).join()
    read_ahead(tmp_path / "nowhere").join()
