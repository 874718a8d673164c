"""A self-signed certificate for localhost and 127.0.0.1, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

from servers.ports import require


def make(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Write and return (certificate, key) for ``name`` and 127.0.0.1; the certificate serves as its own CA file."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    openssl = str(require("openssl", "openssl"))
    names = f"subjectAltName=DNS:{name}" + (",IP:127.0.0.1" if name == "localhost" else "")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key)]
    subprocess.run(
        [openssl, "req", "-x509", *new_key, "-out", str(certificate), "-days", "2", "-subj", f"/CN={name}"]
        + ["-addext", names],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return certificate, key
