"""The bait: everything of the host that a program could get at, and whether it did.

    bait = Bait()                 # before the runner starts: environment, descriptor
    bait.set_out(owner=65534)     # before each attack
    ...
    bait.damage(execution)        # [] where nothing happened

No file permission protects it: all is readable and writable for everybody and belongs to the user
that programs run as. What protects it are the sandbox's walls.
"""

from __future__ import annotations

import dbm.dumb
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from lit_coder.sandbox.contract import Execution
from tests.sandbox.conformance.attack import Kind
from tests.sandbox.conformance.host_state import (
    changes,
    kernel_objects,
    mounts_below,
    processes_with,
    remove_kernel_objects,
    tree,
)
from tests.sandbox.conformance.listeners import Listeners
from tests.sandbox.conformance.victims import Victims

NOBODY = 65534
OTHER_USER = 12345
_ENVIRONMENT_NAME = "LIT_CODER_CONFORMANCE"
_LONG_AGO = 1_000_000_000


class Damage(NamedTuple):
    """One thing that must not have happened."""

    kind: Kind
    text: str


class Bait:
    """Files, listeners, victims, an environment variable and an open descriptor."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="conformance_bait_"))
        self.folder.chmod(0o755)
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()
        self.temporary.chmod(0o1777)
        self._private = self.folder / "private"
        self._public = self.folder / "public"
        self._secrets = {
            name: secrets.token_hex(12)
            for name in ("file", "file name", "attribute", "link", "environment", "descriptor")
        }
        self.marker = f"lc{secrets.token_hex(6)}"
        self._ipc_key = secrets.randbelow(2**30) + 1
        self._make_private()
        uids = {os.getuid()} | ({NOBODY, OTHER_USER} if os.getuid() == 0 else set())
        self._victims = Victims(uids, self._private / "secret.txt")
        self._secrets.update({"victim": self._victims.secret, "process name": self._victims.name})
        self._listeners = Listeners(self._private)
        descriptor_file = self._private / "descriptor.txt"
        self.descriptor = os.open(descriptor_file, os.O_RDWR)
        os.set_inheritable(self.descriptor, True)
        os.environ[_ENVIRONMENT_NAME] = self._secrets["environment"]
        self.set_out(os.getuid())

    def _make_private(self) -> None:
        """The files that hold a secret; they are made once."""
        folder, secret = self._private, self._secrets["file"]
        folder.mkdir()
        (folder / "secret.txt").write_text(f"{secret}\n")
        (folder / f"{self._secrets['file name']}.txt").touch()
        (folder / "link").symlink_to(self._secrets["link"])
        (folder / "descriptor.txt").write_text(self._secrets["descriptor"])
        (folder / "bait_module.py").write_text(f"SECRET = {secret!r}\n")
        with zipfile.ZipFile(folder / "bait.zip", "w") as archive:
            archive.writestr("zipped_module.py", f"SECRET = {secret!r}\n")
        connection = sqlite3.connect(folder / "bait.sqlite")
        connection.execute("create table secret as select ? as content", (secret,))
        connection.commit()
        connection.close()
        with dbm.dumb.open(str(folder / "bait_dbm"), "c") as table:
            table["secret"] = secret
        self.has_attributes = True
        try:
            os.setxattr(folder / "secret.txt", "user.secret", self._secrets["attribute"].encode())
        except OSError:
            self.has_attributes = False

    def set_out(self, owner: int) -> None:
        """Make everything as new, for programs that run as the user `owner`."""
        shutil.rmtree(self._public, ignore_errors=True)
        for folder in (self._public, self._public / "folder"):
            folder.mkdir()
            folder.chmod(0o777)
        for name in ("target.txt", "other.txt", "folder/inner.txt"):
            (self._public / name).write_text("untouched")
            (self._public / name).chmod(0o666)
        self._write_descriptor_file()
        for path in (self._private, *self._private.iterdir(), *self._public.rglob("*")):
            if os.getuid() == 0:
                os.chown(path, owner, owner, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(0o777 if path.is_dir() or path.is_socket() else 0o666)
        for path in (*self._public.rglob("*"), self._public, self._private):
            os.utime(path, (_LONG_AGO, _LONG_AGO))
        remove_kernel_objects(self.marker, self._ipc_key)
        self._victims.replace_harmed()
        self._listeners.contacts()
        self._before = self._host_state()

    def _write_descriptor_file(self) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, self._secrets["descriptor"].encode(), 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)

    def _host_state(self) -> dict[str, str]:
        found = kernel_objects(self.marker, self._ipc_key) | mounts_below(self.folder)
        for folder in (self._private, self._public):
            found |= {f"{folder.name}/{name}": text for name, text in tree(folder).items()}
        return found

    def parts(self) -> dict[str, str]:
        """What programs are told about it."""
        return {
            "secret_folder": str(self._private),
            "secret_file": str(self._private / "secret.txt"),
            "target_folder": str(self._public),
            "target_file": str(self._public / "target.txt"),
            "other_file": str(self._public / "other.txt"),
            "marker": self.marker,
            "ipc_key": str(self._ipc_key),
            "descriptor": str(self.descriptor),
            "environment_name": _ENVIRONMENT_NAME,
            "victims": ", ".join(map(str, self._victims.pids)),
            **self._listeners.parts(),
        }

    def damage(self, execution: Execution) -> list[Damage]:
        """Everything that happened since it was set out."""
        said = repr(execution)
        found = [Damage("leak", name) for name, text in self._secrets.items() if text in said]
        for value in _returned_texts(execution):
            if value.startswith("gained:"):
                found.append(Damage("gain", value[:200]))
        found += [Damage("process", str(pid)) for pid in processes_with(self.marker)]
        found += [Damage("contact", text) for text in self._listeners.contacts()]
        found += [Damage("victim", text) for text in self._victims.harm()]
        found += [Damage("change", text) for text in changes(self._before, self._host_state())]
        return found

    def close(self) -> None:
        """Remove everything."""
        os.environ.pop(_ENVIRONMENT_NAME, None)
        os.close(self.descriptor)
        remove_kernel_objects(self.marker, self._ipc_key)
        self._listeners.close()
        self._victims.close()
        # Not by `shutil`, which does not get to the bottom of what a program may have left.
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)


def _returned_texts(execution: Execution) -> list[str]:
    outcomes = [outcome for case in execution.outcomes for outcome in case]
    return [outcome.value for outcome in outcomes if isinstance(outcome.value, str)]
