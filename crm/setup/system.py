"""What the operating system has to bring: the libraries that draw PDFs, and a browser for the journeys."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

PDF_PACKAGES = ("libpangoft2-1.0-0", "libharfbuzz-subset0")
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def has_pdf_libraries() -> bool:
    """The two libraries that WeasyPrint opens by name; on a Mac, its own search decides."""
    if sys.platform != "linux":
        return makes_pdf()
    for name in ("libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0"):
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
    return True


def makes_pdf() -> bool:
    """A page is really set, in a process of its own."""
    program = "import weasyprint; assert weasyprint.HTML(string='<p>One page</p>').write_pdf().startswith(b'%PDF')"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def chromium() -> str | None:
    """The path of a browser that the journeys can drive."""
    for name in BROWSER_NAMES:
        found = shutil.which(name)
        if found:
            return found
    cache = Path.home() / (".cache/ms-playwright" if sys.platform == "linux" else "Library/Caches/ms-playwright")
    downloaded = sorted(cache.glob("chromium-*/chrome-*/chrome")) + sorted(
        cache.glob("chromium-*/chrome-*/*.app/Contents/MacOS/*")
    )
    candidates = [str(path) for path in downloaded] + list(MAC_BROWSERS)
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def pdf_line() -> str:
    """The line that installs the PDF libraries here."""
    if sys.platform == "darwin":
        return "brew install pango"
    if shutil.which("apt-get"):
        return f"sudo apt-get install {' '.join(PDF_PACKAGES)}"
    return "install Pango 1.44 or newer and HarfBuzz with your system's package manager"


def browser_line() -> str:
    if shutil.which("apt-get") and not _is_ubuntu():
        return "sudo apt-get install chromium"
    return f"{sys.executable} -m playwright install --with-deps chromium"


def install_pdf_libraries() -> bool:
    """As root on Debian or Ubuntu; true when they are there afterwards."""
    return has_pdf_libraries() or (_apt_install(*PDF_PACKAGES) and has_pdf_libraries())


def install_chromium() -> bool:
    if chromium():
        return True
    if _is_ubuntu() and os.geteuid() == 0:  # there the package is only a stub for snap
        command = [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    else:
        _apt_install("chromium")
    return chromium() is not None


def _is_ubuntu() -> bool:
    try:
        return "ID=ubuntu" in Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return False


def _apt_install(*packages: str) -> bool:
    apt = shutil.which("apt-get")
    if os.geteuid() != 0 or apt is None:
        return False
    print(f"Installing the system packages {' '.join(packages)} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "--yes", "--no-install-recommends", *packages]
    for command in (install, [apt, "update"], install):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if command is install and done.returncode == 0:
            return True
    return False
