#!/bin/bash
# Runs as root inside the emulated machine, once at each of two boots. Every promise is a line "ok …" or "not ok …".
set -u
cd /opt/berth || exit 1
export HOME=/root NO_COLOR=1
failures=/root/failures
group=/sys/fs/cgroup/berth

promise() { # what, command…
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then echo "ok $what"; else echo "not ok $what" && echo "$what" >>$failures && sed 's/^/# /' <<<"$said"; fi
}

page() { curl -s -m 20 -H 'host: alpha.localhost' "http://localhost$1"; }
serves() { [ "$(page /)" = 'hello from alpha' ]; }
eventually() { for _ in $(seq 90); do "$@" && return; sleep 1; done; return 1; }
answers() { curl -sf --unix-socket /run/berth/berth.sock http://berth/v1/daemon >/dev/null; }
daemon() { systemctl show --property=MainPID --value berth; }
serving() { cat $group/companions/cgroup.procs $group/sandbox-*/cgroup.procs; }
unchanged() { [ "$(serving)" = "$before" ] && serves; }
limit() { [ "$(cat $group/sandbox-*/"$1")" = "$2" ]; }
limits_hold() { limit memory.max 100663296 && limit memory.swap.max 0 && limit pids.max 64 && limit cpu.max '50000 100000'; }
says() { ./berth status alpha | grep -F "$1"; }

first_boot() {
  systemctl start caddy # its package starts it where nobody holds it back
  promise 'names the service that holds port 80' bash -c './berth deploy /root/app 2>&1 | grep -F caddy.service'
  systemctl disable --quiet --now caddy
  promise 'deploys' ./berth deploy /root/app
  promise 'serves' serves
  promise 'enables its unit' systemctl is-enabled berth
  promise 'limits memory, swap, processes and cpu' limits_hold
  promise 'has the daemon alone in its service' [ "$(cat /sys/fs/cgroup/system.slice/berth.service/cgroup.procs)" = "$(daemon)" ]

  before=$(serving)
  systemctl restart berth
  promise 'serves while the daemon restarts' unchanged
  eventually answers
  systemctl stop berth
  promise 'serves without a daemon' unchanged
  systemctl daemon-reload
  promise 'keeps the limits when systemd reloads' limits_hold
  promise 'starts the daemon for a command' ./berth ps
  for _ in 1 2 3 4 5 6 7; do kill -9 "$(daemon)" 2>/dev/null; sleep 1.2; done
  promise 'starts a daemon again that was killed, however often' eventually answers
  promise 'serves while the daemon is killed' unchanged

  page /eat >/dev/null
  promise 'tells of an end for want of memory' eventually says 'out of memory'
  promise 'starts again after it' eventually serves
  page /crash >/dev/null
  promise 'tells of a crash' eventually says 'exit code 7'
  promise 'starts again after a crash' eventually serves
  for pid in $(cat $group/companions/cgroup.procs); do
    grep -qE 'caddy|dnsmasq' /proc/"$pid"/comm && kill -9 "$pid"
  done
  promise 'starts a front again that was killed' eventually serves
  systemctl reboot
}

second_boot() {
  promise 'serves after a reboot' eventually serves
  promise 'limits after a reboot' limits_hold
  promise 'destroys' ./berth destroy alpha --yes --volumes
  promise 'leaves no sandbox behind' bash -c "! ls -d $group/sandbox-*"
  [ -e $failures ] || echo 'all is well'
  systemctl poweroff
}

echo # ends the line that the firmware has left on the console
if [ -e /root/booted ]; then second_boot; else touch /root/booted && first_boot; fi
