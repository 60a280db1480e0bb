#!/bin/sh
# systemd.sh [FOLDER]: checks berth on a Debian with systemd and cgroup v2, which it boots under emulation (README.md).
set -eu

here=$(cd -- "${0%/*}" && pwd -P)
repository=$(cd -- "$here/../.." && pwd -P)
kept=${1:-}
work=${kept:-$(mktemp -d /var/tmp/berth-vm-XXXXXX)}
root=$work/root

main() {
  for program in qemu-system-x86_64 mmdebstrap mkfs.ext4 curl; do
    command -v "$program" >/dev/null || fail "\`$program\` is missing; see $here/README.md"
  done
  trap finish EXIT
  trap 'exit 130' INT TERM
  mkdir -p "$work"
  [ -e "$work/made" ] || make_tree
  put_in
  seed
  boot
}

# The kernel comes with its own first file system: the modules named here are all that it needs to find the disk.
make_tree() {
  say "making a Debian"
  rm -rf "$root"
  packages=$(sed -n 's/^\([a-z][a-z0-9.-]*\) *|.*| *run *|.*/\1/p' "$repository/scripts/packages.txt" | paste -sd,)
  mmdebstrap --quiet --variant=minbase \
    --include="systemd-sysv,dbus,kmod,procps,curl,python3,linux-image-cloud-amd64,initramfs-tools,$packages" \
    --customize-hook='printf "virtio_pci\nvirtio_blk\next4\n" >>"$1/etc/initramfs-tools/modules"' \
    --customize-hook='echo MODULES=list >"$1/etc/initramfs-tools/conf.d/vm"' \
    --customize-hook='chroot "$1" update-initramfs -u' bookworm "$root"
  echo berth-vm >"$root/etc/hostname"
  echo '127.0.0.1 localhost berth-vm' >"$root/etc/hosts"
  echo '/dev/vda / ext4 rw 0 0' >"$root/etc/fstab"
  # A getty would hang up the console that the checks write to.
  for unit in serial-getty@ttyS0 console-getty getty@tty1; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
  done
  cat >"$root/etc/systemd/system/check.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/root/guest.sh
StandardOutput=tty
StandardError=inherit
TTYPath=/dev/ttyS0
[Install]
WantedBy=multi-user.target
UNIT
  ln -sf ../check.service "$root/etc/systemd/system/multi-user.target.wants/check.service"
  : >"$work/made"
}

# Builds the application outside, by the same copy of berth with a home of its own: layers are named after their
# content, so the berth inside takes them as they are.
seed() {
  say "building the application"
  (
    export BERTH_HOME="$work/seed" BERTH_HTTP_PORT=0 BERTH_HTTPS_PORT=0
    BERTH_HTTP_PORT=$(free_port) BERTH_HTTPS_PORT=$(free_port)
    "$root/opt/berth/berth" deploy "$root/root/app"
    rm -rf "$root/var/lib/berth"
    mkdir -p -m 711 "$root/var/lib/berth"
    for part in blobs layers cache; do cp -a "$BERTH_HOME/$part" "$root/var/lib/berth/"; done
    "$root/opt/berth/berth" destroy alpha --yes --volumes
  )
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

put_in() {
  rm -rf "$root/opt/berth" "$root/root/app"
  mkdir -p "$root/opt/berth"
  tar -C "$repository" -c --exclude=./.git --exclude=./dist . | tar -x -C "$root/opt/berth"
  cp -r "$here/app" "$root/root/app"
  cp "$here/guest.sh" "$root/root/guest.sh"
  chmod 755 "$root/root/guest.sh"
}

boot() {
  say "booting"
  disk=$work/disk console=$work/console
  rm -f "$disk" "$console"
  truncate -s $(($(du -sm "$root" | cut -f1) * 13 / 10 + 800))M "$disk"
  mkfs.ext4 -q -d "$root" "$disk"
  version=$(basename "$root"/boot/vmlinuz-* | sed s/vmlinuz-//)
  timeout 1200 qemu-system-x86_64 -M q35 -accel tcg,thread=multi,tb-size=512 -cpu max -smp 2 -m 1536 \
    -nographic -nodefaults -serial "file:$console" -kernel "$root/boot/vmlinuz-$version" \
    -initrd "$root/boot/initrd.img-$version" -drive "file=$disk,if=none,id=disk,format=raw,cache=unsafe" \
    -device virtio-blk-pci,drive=disk -append \
    'root=/dev/vda rw console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check systemd.show_status=false'
  tr -d '\r' <"$console" | grep -aE '^(ok |not ok |# |all is )' || true
  grep -aq '^all is well' "$console" || fail "not all is well"
}

finish() {
  code=$?
  rm -f "$work/disk"
  [ ! -e "$work/seed" ] || end_seed
  [ -n "$kept" ] || rm -rf "$work"
  exit $code
}

# Its daemon says itself which process it is; what else it leaves on this host, the end-to-end tests know to remove.
end_seed() {
  name=berth-$(printf %s "$work/seed" | sha256sum | cut -c1-6)
  pid=$(curl -s --unix-socket "/run/$name/berth.sock" http://berth/v1/daemon | sed -n 's/.*"pid":\([0-9]*\).*/\1/p')
  [ -z "$pid" ] || kill "$pid"
  BERTH_HOME="$work/seed" "$repository/scripts/with-node" node --input-type=module -e "
    import { instanceFrom } from '$repository/src/host/instance.ts'
    import { removeLeftovers } from '$repository/tests/e2e/leftovers.ts'
    await removeLeftovers(instanceFrom(process.env))"
}

say() { printf 'vm: %s\n' "$*"; }

fail() {
  printf 'vm: %s\n' "$*" >&2
  exit 1
}

main
