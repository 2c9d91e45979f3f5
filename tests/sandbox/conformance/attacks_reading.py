"""Attacks that read what is none of a program's business, each through another mechanism."""

from __future__ import annotations

from tests.sandbox.conformance.attack import Attack

_ORDINARY = (
    Attack("open", "leak", "return open('$secret_file').read()"),
    Attack("os.open", "leak", "return os.read(os.open('$secret_file', os.O_RDONLY), 100)"),
    Attack(
        "mmap of a file",
        "leak",
        """
        import mmap
        with open('$secret_file') as file:
            return bytes(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))
        """,
    ),
    Attack(
        "symbolic link in the own folder",
        "leak",
        """
        os.symlink('$secret_file', 'linked')
        return open('linked').read()
        """,
    ),
    Attack(
        "hard link in the own folder",
        "leak",
        """
        os.link('$secret_file', 'linked')
        return open('linked').read()
        """,
    ),
    Attack("/proc/self/root", "leak", "return open('/proc/self/root$secret_file').read()"),
    Attack(
        "/proc/self/cwd",
        "leak",
        "return open('/proc/self/cwd/' + '../' * 30 + '$secret_file').read()",
    ),
    Attack(
        "the parent's root", "leak", "return open(f'/proc/{os.getppid()}/root$secret_file').read()"
    ),
    Attack(
        "/proc/1/root", "leak", "return open('/proc/1/root$secret_file').read()", needs_root=True
    ),
    Attack("dots in a path", "leak", "return open('../' * 30 + '$secret_file').read()"),
    Attack(
        "a descriptor of the root folder",
        "leak",
        """
        root = os.open('/', os.O_RDONLY | os.O_DIRECTORY)
        return os.read(os.open('$secret_file'.lstrip('/'), os.O_RDONLY, dir_fd=root), 100)
        """,
    ),
    Attack(
        "O_PATH and /proc/self/fd",
        "leak",
        """
        number = os.open('$secret_file', os.O_PATH)
        return open(f'/proc/self/fd/{number}').read()
        """,
    ),
    Attack(
        "changing the folder",
        "leak",
        """
        os.chdir('$secret_folder')
        return open('secret.txt').read()
        """,
    ),
)

_FROM_C = (
    Attack(
        "the C library's fopen",
        "leak",
        """
        libc.fopen.restype = ctypes.c_void_p
        libc.fgets.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
        text = ctypes.create_string_buffer(100)
        file = libc.fopen(b'$secret_file', b'r')
        if file:
            libc.fgets(text, 100, file)
        return text.value
        """,
    ),
    Attack(
        "raw openat",
        "leak",
        "return os.read(syscall($sys_openat, -100, b'$secret_file', 0, 0), 100)",
    ),
    Attack(
        "raw openat2",
        "leak",
        """
        how = (ctypes.c_uint64 * 3)(0, 0, 0)
        return os.read(syscall($sys_openat2, -100, b'$secret_file', how, 24), 100)
        """,
    ),
    Attack(
        "open by file handle",
        "leak",
        """
        handle = (ctypes.c_uint32 * 34)(128)
        mount = ctypes.c_int()
        syscall(
            $sys_name_to_handle_at, -100, b'$secret_file', handle, ctypes.byref(mount), 0
        )
        folder = os.open('$secret_folder', os.O_RDONLY)
        return os.read(syscall($sys_open_by_handle_at, folder, handle, 0), 100)
        """,
        needs_root=True,
    ),
    Attack(
        "the readline library",
        "leak",
        """
        import readline
        readline.read_history_file('$secret_file')
        return readline.get_history_item(1)
        """,
        is_optional=True,
    ),
    Attack(
        "SQLite's ATTACH",
        "leak",
        """
        import sqlite3
        connection = sqlite3.connect(':memory:')
        connection.execute("attach 'file:$secret_folder/bait.sqlite' as bait")
        return connection.execute('select content from bait.secret').fetchone()
        """,
    ),
    Attack(
        "getxattr",
        "leak",
        "return os.getxattr('$secret_file', 'user.secret')",
        is_optional=True,
    ),
)

_BY_LIBRARIES = (
    Attack(
        "importing a module",
        "leak",
        """
        sys.path.insert(0, '$secret_folder')
        import bait_module
        return bait_module.SECRET
        """,
    ),
    Attack(
        "importing from an archive",
        "leak",
        """
        sys.path.insert(0, '$secret_folder/bait.zip')
        import zipped_module
        return zipped_module.SECRET
        """,
    ),
    Attack(
        "runpy",
        "leak",
        """
        import runpy
        return runpy.run_path('$secret_folder/bait_module.py')['SECRET']
        """,
    ),
    Attack(
        "dbm",
        "leak",
        """
        import dbm.dumb
        with dbm.dumb.open('$secret_folder/bait_dbm', 'r') as table:
            return table['secret']
        """,
    ),
    Attack(
        "a file's address as URL",
        "leak",
        """
        import urllib.request
        return urllib.request.urlopen('file://$secret_file').read()
        """,
    ),
    Attack(
        "linecache",
        "leak",
        """
        import linecache
        return linecache.getline('$secret_file', 1)
        """,
    ),
)

_NAMES_AND_FACTS = (
    Attack("scandir", "leak", "return [each.name for each in os.scandir('$secret_folder')]"),
    Attack(
        "glob",
        "leak",
        """
        import glob
        return glob.glob(os.path.dirname('$secret_folder') + '/*/*.txt')
        """,
    ),
    Attack(
        "listing the home of the user",
        "gain",
        """
        import pwd
        home = pwd.getpwuid(os.getuid()).pw_dir
        return 'gained: ' + repr(os.listdir(home)) if os.listdir(home) else ''
        """,
        needs_root=True,
    ),
    Attack(
        "watching a folder",
        "gain",
        """
        watcher = syscall($sys_inotify_init1, 0)
        syscall($sys_inotify_add_watch, watcher, b'$secret_folder', 0x100)
        return 'gained: an inotify watch'
        """,
    ),
    Attack(
        "stat",
        "gain",
        "return f'gained: a size of {os.stat(\"$secret_file\").st_size}'",
        is_metadata=True,
    ),
    Attack("readlink", "leak", "return os.readlink('$secret_folder/link')", is_metadata=True),
)

ATTACKS = _ORDINARY + _FROM_C + _BY_LIBRARIES + _NAMES_AND_FACTS
