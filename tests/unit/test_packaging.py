"""What an installed package holds, tried the way a user would: pip, then the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("pyproject.toml", "README.md", "LICENSE", "gateway", "templates", "config")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in NEEDED:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source / name)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    command = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(out), "."]
    subprocess.run(command, cwd=source, check=True, timeout=100)
    (built,) = out.glob("ticket_gateway-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a new environment that holds the wheel, and borrows the libraries of this one."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True)
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / python / "site-packages"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(folder)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True, timeout=100)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (site / "borrowed.pth").write_text("\n".join(libraries) + "\n")
    return folder / "bin"


def gateway(bin_folder: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Far from the checkout, with nothing but the wheel to find."""
    environ = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "GATEWAY_CONFIG"}}
    command = [str(bin_folder / "gateway"), *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)


def files(root: Path) -> set[str]:
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts}


@pytest.mark.slow
def test_holds_every_module_template_and_configuration(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        *(f"gateway/_share/templates/{name}" for name in files(ROOT / "templates")),
        *(f"gateway/_share/config/{name}" for name in files(ROOT / "config")),
        *(f"gateway/{name}" for name in files(ROOT / "gateway")),
    }
    assert not wanted - inside
    assert any(name.endswith("/LICENSE") for name in inside)


@pytest.mark.slow
def test_the_command_works_far_from_the_checkout(installed, tmp_path):
    assert gateway(installed, tmp_path, "--version").stdout.startswith("gateway, version ")
    made = gateway(installed, tmp_path, "init", "desk")
    assert (made.returncode, made.stderr) == (0, "")
    checked = gateway(installed, tmp_path, "--config", "desk/gateway.toml", "check", "--offline")
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.slow
def test_the_templates_of_the_package_are_found(installed, tmp_path):
    gateway(installed, tmp_path, "init", "desk")
    shown = gateway(installed, tmp_path, "--config", "desk/gateway.toml", "template", "preview", "received")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "1001" in shown.stdout
