#!/bin/bash
# The main job, seen: installs what is needed, builds, has a UDP datagram to port 8080 dropped by an
# nftables rule and shows what nfttraced recorded of it. In a guest where this machine's kernel has
# no kprobes. Leaves nothing behind but the build directory and the packages.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export NFTTRACED_BUILD=$PWD/build

bash tests/prepare.sh build
if [ ! -f build/build.ninja ]; then
        meson setup build >/dev/null || {
                meson setup build
                exit 1
        }
fi
ninja -C build >build/demo-build.log || {
        tail -n 30 build/demo-build.log
        exit 1
}

if [ "$(id -u)" = 0 ] && [ -r /sys/kernel/btf/vmlinux ] && [ -r /sys/bus/event_source/devices/kprobe/type ]; then
        exec bash tests/demo-scene.sh
fi
echo "This kernel ($(uname -r)) has no kprobes: the scene is played in a guest with Debian's 6.12, which takes a minute."
bash tests/lab/kernels.sh 6.12
exec bash tests/lab/run.sh --kernel 6.12 --env NFTTRACED_BUILD="$NFTTRACED_BUILD" -- bash tests/demo-scene.sh
