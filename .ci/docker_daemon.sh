#!/usr/bin/env bash
# Provides a Docker daemon and an image with Python for tests, on a machine that has neither: a
# continuous-integration runner or a container in which this user is root. No registry is needed:
# the image is made of the interpreter that runs here, and of node where that is installed.
#
#     if exports=$(bash .ci/docker_daemon.sh); then eval "$exports"; fi
#
# Standard output is shell text: DOCKER_HOST (where the daemon is not the usual one) and
# LIT_CODER_DOCKER_IMAGE. All else goes to standard error. A daemon that answers already is used as
# it is; a second run changes nothing. Exit code 1: not possible here, with the reason. What is
# started here keeps running; how to end it is the last thing said. Knobs: PYTHON (python3),
# LIT_CODER_DOCKER_HOME (/var/lib/lit-coder-docker), LIT_CODER_DOCKER_RUN (/run/lit-coder-docker).
set -euo pipefail
exec 3>&1 1>&2 </dev/null

python=${PYTHON:-python3}
home=${LIT_CODER_DOCKER_HOME:-/var/lib/lit-coder-docker}
run=${LIT_CODER_DOCKER_RUN:-/run/lit-coder-docker}
image=lit_coder/python:local
start_seconds=60
started=

say() { echo ".ci/docker_daemon.sh: $*"; }
give_up() { say "$*"; exit 1; }

# Other programs of the name may stand earlier on the search path than Debian's.
docker() { if [ -x /usr/bin/docker ]; then /usr/bin/docker "$@"; else command docker "$@"; fi; }
answers() { docker info >/dev/null 2>&1; }

wait_for() {
    local deadline=$((SECONDS + start_seconds))
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep 0.2
    done
}

install_docker() {
    if command -v dockerd >/dev/null && command -v containerd >/dev/null; then return; fi
    command -v apt-get >/dev/null || give_up "no dockerd, and no apt-get to install it: install Docker"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io; } >/dev/null ||
        give_up "apt-get could not install docker.io"
}

# A daemon of our own: no network, nothing shared with a daemon that may come later.
start_daemon() {
    local driver=$1
    mkdir -p "$home" "$run"
    if ! [ -S "$run/containerd.sock" ] || ! is_running "$run/containerd.pid"; then
        setsid containerd --config /dev/null --root "$home/containerd" \
            --state "$run/containerd" --address "$run/containerd.sock" \
            >>"$run/containerd.log" 2>&1 3>&- &
        echo $! >"$run/containerd.pid"
        wait_for test -S "$run/containerd.sock" || return 1
    fi
    setsid dockerd --data-root "$home/$driver" --exec-root "$run/exec" \
        --pidfile "$run/dockerd.pid" --host "unix://$run/docker.sock" \
        --containerd "$run/containerd.sock" --storage-driver "$driver" \
        --iptables=false --ip6tables=false --bridge=none >>"$run/dockerd.log" 2>&1 3>&- &
    local pid=$! deadline=$((SECONDS + start_seconds))
    until answers; do
        kill -0 "$pid" 2>/dev/null || return 1
        if [ "$SECONDS" -ge "$deadline" ]; then kill "$pid"; return 1; fi
        sleep 0.2
    done
}

is_running() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

provide_daemon() {
    if answers; then say "a Docker daemon answers at ${DOCKER_HOST:-the usual place}"; return; fi
    [ "$(uname -s)" = Linux ] || give_up "no Docker daemon answers: start Docker Desktop"
    export DOCKER_HOST="unix://$run/docker.sock"
    if answers; then say "the daemon that was started before answers"; started=1; return; fi
    [ "$(id -u)" -eq 0 ] || give_up "no Docker daemon answers, and only root can start one"
    install_docker
    local driver
    for driver in overlay2 vfs; do
        say "starting containerd and dockerd with the storage driver $driver"
        if start_daemon "$driver"; then started=1; return; fi
        say "that did not work: $(tail -n 1 "$run/dockerd.log")"
    done
    give_up "dockerd does not start here; see $run/dockerd.log and $run/containerd.log"
}

# Libraries by their paths as the loader names them, the loader included.
libraries_of() { ldd "$@" 2>/dev/null | grep -o '/[^ :]*\.so[^ :]*' | sort -u; }

copy_with_libraries() {
    local root=$1 library
    shift
    for library in $(libraries_of "$@"); do
        cp -L --parents "$library" "$root"
    done
}

copy_python() {
    local root=$1 executable standard_library version library
    { read -r executable; read -r standard_library; read -r version; } < <("$python" -c '
import os, sys, sysconfig
print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
print(sysconfig.get_path("stdlib"))
print("python%d.%d" % sys.version_info[:2])')
    mkdir -p "$root/python/bin" "$root/python/lib/$version"
    cp "$executable" "$root/python/bin/$version"
    ln -s "$version" "$root/python/bin/python3"
    tar -C "$standard_library" -c --exclude=./test --exclude=./site-packages \
        --exclude=./dist-packages --exclude=./idlelib --exclude=./ensurepip --exclude=tests \
        --exclude=__pycache__ --exclude='./config-*' . | tar -C "$root/python/lib/$version" -x
    copy_with_libraries "$root" "$executable" "$standard_library"/lib-dynload/*.so
    # Opened by name when the first thread ends; nothing is linked with it.
    for library in /lib/*-linux-gnu*/libgcc_s.so.1; do
        if [ -e "$library" ]; then cp -L --parents "$library" "$root"; fi
    done
}

# What stands in the path may be a script of a version manager: node itself knows better.
copy_node() {
    local root=$1 executable
    executable=$(node --print process.execPath 2>/dev/null) || return 0
    mkdir -p "$root/usr/local/bin"
    cp -L "$executable" "$root/usr/local/bin/node"
    copy_with_libraries "$root" "$executable"
    if [ -e /usr/share/nodejs ]; then cp -RL --parents /usr/share/nodejs "$root"; fi
    say "node is in the image"
}

build_image() {
    if docker image inspect "$image" >/dev/null 2>&1; then say "the image $image is there"; return; fi
    command -v "$python" >/dev/null || give_up "no $python to make the image of; name one in PYTHON"
    local root
    root=$(mktemp -d)
    copy_python "$root"
    copy_node "$root"
    mkdir -p "$root/etc" "$root/tmp"
    printf 'root:x:0:0:root:/:\nnobody:x:65534:65534:nobody:/nonexistent:\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    chmod -R a+rX "$root"
    chmod 755 "$root"
    local libraries
    libraries=/python/lib:$(cd "$root" && find . -name '*.so*' -not -path './python/*' -printf '/%P\n' |
        xargs -n 1 dirname | sort -u | paste -sd :)
    tar -C "$root" --owner=0 --group=0 -c . |
        docker import -c "ENV PATH=/python/bin:/usr/local/bin:/usr/bin:/bin" \
            -c "ENV LD_LIBRARY_PATH=$libraries" -c 'CMD ["python3"]' - "$image" >/dev/null
    rm -rf "$root"
    say "made the image $image"
}

provide_daemon
build_image
if [ -n "${DOCKER_HOST:-}" ]; then echo "export DOCKER_HOST=$DOCKER_HOST" >&3; fi
echo "export LIT_CODER_DOCKER_IMAGE=$image" >&3
if [ -n "$started" ]; then
    say "to stop the daemons: kill \$(cat $run/dockerd.pid); kill \$(cat $run/containerd.pid)"
fi
