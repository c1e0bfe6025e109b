#!/bin/bash
# Prints the path of the initramfs for one kernel of the cache, which it makes when it is missing or
# out of date.
#
# usage: initramfs.sh KERNEL-DIRECTORY
#
# It holds a static busybox, the modules that it takes to mount the machine's root over 9p below an
# overlay, and a script that does so, unpacks into the overlay what programs.sh packed, and hands
# over to the init named by lab_init= on the kernel's command line.

set -euo pipefail

kernel=$1
wanted="virtio_pci 9pnet_virtio 9p overlay"

die() {
        echo "initramfs.sh: $*" >&2
        exit 1
}

release=$(cat "$kernel/release")
key=$(cat "${BASH_SOURCE[0]}" "$(command -v busybox)" | sha256sum | cut -c 1-16)
image="$kernel/initramfs-$key.gz"
if [ -s "$image" ]; then
        echo "$image"
        exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/base/lib/modules" "$work/root"/{bin,modules,host,scratch,proc,dev}
ln -s "$kernel/modules" "$work/base/lib/modules/$release"

busybox=$(command -v busybox)
cp "$busybox" "$work/root/bin/busybox"
! ldd "$busybox" >/dev/null 2>&1 || die "$busybox is not a static one"

# In the order in which they have to be loaded; what is built in needs no file.
for module in $wanted; do
        modprobe -d "$work/base" -S "$release" --show-depends "$module" ||
                die "the kernel $release has no module $module"
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/list"

while read -r file; do
        name=${file##*/}
        name=${name%%.ko*}.ko
        case $file in
        *.ko) cat "$file" ;;
        *.xz) xz -dc "$file" ;;
        *.zst) zstd -dc "$file" ;;
        *.gz) gzip -dc "$file" ;;
        *) die "unknown compression: $file" ;;
        esac >"$work/root/modules/$name"
        echo "$name"
done <"$work/list" >"$work/root/modules/order"

cat >"$work/root/init" <<'END'
#!/bin/busybox sh
# Mounts the root of the guest and starts its init.
PATH=/bin
/bin/busybox --install -s /bin

give_up() {
        echo "initramfs: $*" >/dev/kmsg
        reboot -f
}

mount -t devtmpfs none /dev
while read -r module; do
        insmod "/modules/$module" || give_up "can't load $module"
done </modules/order

mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000,cache=loose host /host || give_up "can't mount host"
mount -t tmpfs -o mode=755 none /scratch
mkdir /scratch/upper /scratch/work /scratch/root /job
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=512000 job /job || give_up "can't mount job"
tar -xf /job/programs.tar -C /scratch/upper || give_up "can't unpack the programs"
umount /job
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work none /scratch/root ||
        give_up "can't mount the overlay"
umount /dev
exec env -i lab_share="$lab_share" switch_root /scratch/root "$lab_init"
give_up "can't run $lab_init"
END
chmod +x "$work/root/init"

(cd "$work/root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$work/image"
rm -f "$kernel"/initramfs-*.gz
mv "$work/image" "$image.$$"
mv "$image.$$" "$image"
echo "$image"
