"""Attacks that change, make or remove files outside, each through another system call."""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack

_CONTENT = (
    Attack("overwriting", "change", "open('$target_file', 'r+').write('changed')"),
    Attack("emptying by opening", "change", "open('$target_file', 'w').close()"),
    Attack("appending", "change", "open('$target_file', 'a').write('more')"),
    Attack("truncate", "change", "os.truncate('$target_file', 3)"),
    Attack("raw truncate", "change", "syscall($sys_truncate, b'$target_file', 2)"),
    Attack(
        "writing through shared memory",
        "change",
        """
        import mmap
        with open('$target_file', 'r+b') as file, mmap.mmap(file.fileno(), 0) as content:
            content[:3] = b'xyz'
        """,
    ),
    Attack(
        "fallocate",
        "change",
        "os.posix_fallocate(os.open('$target_file', os.O_WRONLY), 0, 2**16)",
    ),
    Attack(
        "sendfile",
        "change",
        """
        source = os.open(os.__file__, os.O_RDONLY)
        os.sendfile(os.open('$target_file', os.O_WRONLY), source, 0, 50)
        """,
    ),
    Attack(
        "writing through /proc/self/fd",
        "change",
        """
        number = os.open('$target_file', os.O_PATH)
        with open(f'/proc/self/fd/{number}', 'w') as file:
            file.write('changed')
        """,
    ),
    Attack(
        "an SQLite database",
        "change",
        """
        import sqlite3
        with sqlite3.connect('$secret_folder/bait.sqlite') as connection:
            connection.execute('drop table secret')
        """,
        why_no_control="it would remove the secret",
        control="none",
    ),
    Attack(
        "a new SQLite database",
        "change",
        """
        import sqlite3
        with sqlite3.connect('$target_folder/new.sqlite') as connection:
            connection.execute('create table written (x)')
        """,
    ),
)

_ENTRIES = (
    Attack("creating", "change", "open('$target_folder/new', 'x').close()"),
    Attack("unlink", "change", "os.unlink('$target_file')"),
    Attack("raw unlinkat", "change", "syscall($sys_unlinkat, -100, b'$target_file', 0)"),
    Attack("rename", "change", "os.rename('$target_file', '$target_folder/renamed')"),
    Attack("replace", "change", "os.replace('$target_file', '$other_file')"),
    Attack(
        "renaming its own file there",
        "change",
        """
        open('mine', 'w').write('changed')
        os.rename('mine', '$target_file')
        """,
    ),
    Attack("renaming it into its own folder", "change", "os.rename('$target_file', 'mine')"),
    Attack(
        "exchanging two files",
        "change",
        "syscall($sys_renameat2, -100, b'$target_file', -100, b'$target_folder/folder', 2)",
    ),
    Attack("mkdir", "change", "os.mkdir('$target_folder/new')"),
    Attack(
        "rmdir",
        "change",
        """
        import shutil
        shutil.rmtree('$target_folder/folder')
        """,
    ),
    Attack("symlink", "change", "os.symlink('/etc/passwd', '$target_folder/new')"),
    Attack("link", "change", "os.link('$target_file', '$target_folder/new')"),
    Attack(
        "linking a nameless file",
        "change",
        """
        number = os.open('$target_folder', os.O_TMPFILE | os.O_RDWR, 0o600)
        os.link(f'/proc/self/fd/{number}', '$target_folder/new', src_dir_fd=number)
        """,
        is_optional=True,
    ),
    Attack("mkfifo", "change", "os.mkfifo('$target_folder/new')"),
    Attack(
        "a device file",
        "change",
        "os.mknod('$target_folder/new', 0o60600, os.makedev(7, 0))",
        needs_root=True,
    ),
    Attack(
        "a socket file",
        "change",
        """
        import socket
        socket.socket(socket.AF_UNIX).bind('$target_folder/new')
        """,
    ),
    Attack(
        "many files",
        "change",
        """
        for number in range(500):
            open(f'$target_folder/file-{number}', 'w').close()
        """,
    ),
    Attack(
        "filling the disk",
        "change",
        """
        with open('$target_folder/big', 'wb') as file:
            for _ in range(8):
                file.write(bytes(2**20))
        """,
    ),
)

_FACTS = (
    Attack("chmod", "change", "os.chmod('$target_file', 0o600)"),
    Attack("fchmod", "change", "os.fchmod(os.open('$target_file', os.O_RDONLY), 0o600)"),
    Attack(
        "fchmod of an own descriptor's path",
        "change",
        "os.chmod(f'/proc/self/fd/{os.open(\"$target_file\", os.O_PATH)}', 0o600)",
    ),
    Attack("chown", "change", "os.chown('$target_file', 4242, 4242)", needs_root=True),
    Attack("lchown", "change", "os.lchown('$target_file', 4242, 4242)", needs_root=True),
    Attack("utime", "change", "os.utime('$target_file', (1, 1))"),
    Attack(
        "futimens",
        "change",
        "os.utime(os.open('$target_file', os.O_RDONLY), (1, 1))",
    ),
    Attack(
        "setxattr",
        "change",
        "os.setxattr('$target_file', 'user.changed', b'1')",
        is_optional=True,
    ),
    Attack(
        "removexattr",
        "change",
        "os.removexattr('$secret_file', 'user.secret')",
        control="none",
        why_no_control="it would remove the secret",
    ),
    Attack(
        "file flags by ioctl",
        "gain",
        """
        import array, fcntl
        number = os.open('$target_file', os.O_RDONLY)
        flags = array.array('l', [0])
        fcntl.ioctl(number, 0x80086601, flags)
        flags[0] |= 0x40
        fcntl.ioctl(number, 0x40086602, flags)
        return 'gained: the flag nodump'
        """,
        is_optional=True,
    ),
)

_PLACES = (
    Attack(
        "/dev/shm",
        "change",
        "open('/dev/shm/$marker', 'w').write('left')",
        is_optional=True,
    ),
    Attack(
        "beside its own folder",
        "gain",
        """
        open('../left-for-the-next', 'x').close()
        os.unlink('../left-for-the-next')
        return 'gained: a place that later programs can read'
        """,
    ),
    Attack(
        "the standard library",
        "gain",
        """
        path = os.path.join(os.path.dirname(os.__file__), '$marker.py')
        open(path, 'x').close()
        os.unlink(path)
        return 'gained: code for every later program'
        """,
        needs_root=True,
    ),
    Attack(
        "the folder for temporary files",
        "gain",
        """
        import tempfile
        tempfile.tempdir = '/tmp'
        with tempfile.NamedTemporaryFile(dir='/tmp', prefix='$marker'):
            return 'gained: a file in /tmp'
        """,
    ),
)

ATTACKS = _CONTENT + _ENTRIES + _FACTS + _PLACES
