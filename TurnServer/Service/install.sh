#!/usr/bin/env bash
# Installs the server as a service of systemd, and removes it again; run.sh install and run.sh uninstall call it.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
service=turnserver
root=${DESTDIR-}
program=$root/opt/turnserver/turnserver
shipped=$root/opt/turnserver/turnserver.default
settings=$root/etc/default/turnserver
unit=$root/etc/systemd/system/turnserver.service
health_patience=20

verb=${1-}
is_dry=
binary=
is_built=

fail() {
    printf 'run.sh %s: %s\n' "$verb" "$*" >&2
    exit 1
}

usage() {
    cat <<EOF
Usage: ./run.sh install [--dry-run] [--binary PATH]
       ./run.sh uninstall [--dry-run]

  --dry-run        print the commands that it would run, and run none
  --binary PATH    install this binary, as ./run.sh publish makes it, instead of building one

It needs root, and takes it through sudo. With DESTDIR=/some/dir it installs below that directory, without root, and
leaves systemd alone. Installing again upgrades; a settings file that was edited is kept.
EOF
}

wrong() {
    printf 'run.sh %s: %s\n' "$verb" "$1" >&2
    usage >&2
    exit 2
}

# What the next command is for, in a line.
step() { printf '# %s\n' "$*"; }

# As a shell would take it.
quote() { printf ' %q' "$@"; }

# Shows a command, and runs it unless only asked to show.
run() {
    printf ' %s\n' "$(quote "$@")"
    [[ $is_dry ]] || "$@"
}

read_arguments() {
    shift
    while [[ $# -gt 0 ]]; do
        case $1 in
            --dry-run) is_dry=yes ;;
            --binary)
                [[ $verb == install ]] || wrong "$1 is for install"
                [[ ${2-} ]] || wrong "--binary takes the path of a binary"
                binary=$2
                shift
                ;;
            -h | --help)
                usage
                exit
                ;;
            *) wrong "there is no $1" ;;
        esac
        shift
    done
}

is_packaged() { [[ $(dpkg-query -W -f '${db:Status-Status}' $service 2>/dev/null) == installed ]]; }

# The runtime inside the binary draws its random keys from OpenSSL, which it finds only when it needs it.
has_openssl() { [[ $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p) == *libssl.so.[13]* ]]; }

# What would end an installation does not keep anybody from looking at its steps.
refuse() {
    [[ $is_dry ]] || fail "$1"
    printf 'run.sh %s: here it would end before the first step: %s\n' "$verb" "$1" >&2
}

# What stands in the way is said before anything is built or asked for.
check() {
    [[ -z $binary || -x $binary && -f $binary ]] || fail "$binary is not a binary"
    [[ $root ]] && return
    if is_packaged; then
        local advice="upgrade that (./run.sh deb tells how), or apt remove $service"
        [[ $verb == install ]] || advice="apt remove $service"
        refuse "the Debian package is installed: $advice"
    fi
    [[ -d /run/systemd/system ]] ||
        refuse "systemd does not run here. DESTDIR=/some/dir ./run.sh $verb works without it."
    [[ $verb == uninstall ]] || has_openssl || refuse "OpenSSL's library is missing: apt-get install libssl3"
}

# The build belongs to whoever owns the sources: built as root, it would be in their way.
build() {
    binary=$top/TurnServer/bin/service/turnserver
    is_built=yes
    step "Build the server: one binary that needs no .NET"
    local owner
    owner=$(stat -c %U "$top")
    if [[ $EUID -eq 0 && $owner != root && $owner != UNKNOWN ]]; then
        run runuser -u "$owner" -- "$top/run.sh" publish "$(dirname "$binary")"
    else
        run "$top/run.sh" publish "$(dirname "$binary")"
    fi
}

# Goes on as root, with what has been built.
become_root() {
    [[ $EUID -eq 0 || $root ]] && return
    step "The rest needs root"
    local again=("$here/install.sh" "$verb")
    [[ $binary ]] && again+=(--binary "$(readlink -m "$binary")")
    # Only looked at, it is not asked for.
    if [[ $is_dry ]]; then
        printf '  sudo%s, which is:\n' "$(quote "${again[@]}")"
        return
    fi
    command -v sudo >/dev/null || fail "there is no sudo here; as root:$(quote "${again[@]}")"
    exec sudo "${again[@]}"
}

# Puts a file in its place in one stroke: a running program cannot be written over, and nobody sees half a file.
put() {
    local mode=$1 from=$2 to=$3
    run install -D -m "$mode" "$from" "$to.new"
    run mv -f "$to.new" "$to"
}

put_settings() {
    local now=$here/turnserver.default
    if [[ ! -e $settings ]]; then
        step "The settings, each commented out at its default: $settings"
        put 644 "$now" "$settings"
    elif cmp -s "$settings" "$now"; then
        step "The settings are as shipped: $settings"
    elif cmp -s "$settings" "$shipped"; then
        step "The settings were not edited: the new ones replace them"
        put 644 "$now" "$settings"
    elif [[ ! -e $shipped ]] || cmp -s "$shipped" "$now"; then
        step "The settings were edited and are kept: $settings"
    else
        step "The settings were edited and are kept, but those shipped have changed: diff $settings $shipped"
    fi
    step "The settings as shipped, to compare with later"
    put 644 "$now" "$shipped"
}

# A setting that is not commented out; the last one counts.
setting() {
    local line
    line=$(sed -nE "s/^[[:space:]]*$1=[\"']?([^\"']*)[\"']?[[:space:]]*$/\1/p" "$settings" 2>/dev/null | tail -n 1)
    printf '%s' "${line:-$2}"
}

# The address of this machine at which it listens, by a setting that may leave it open.
reachable() {
    local address
    address=$(setting "$1" 127.0.0.1)
    [[ $address == 0.0.0.0 ]] && address=127.0.0.1
    printf '%s' "$address"
}

is_healthy() {
    local reply
    # The redirection fails where nobody listens.
    { exec 3<>"/dev/tcp/$1/$2"; } 2>/dev/null || return
    printf 'GET /healthz HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
    IFS= read -r -t 2 reply <&3 || reply=
    exec 3>&- 3<&-
    [[ $reply == 'HTTP/1.'[01]' 200'* ]]
}

show_failure() {
    printf 'run.sh install: %s. The last it said:\n' "$1" >&2
    journalctl -u $service -n 20 --no-pager >&2 || true
    exit 1
}

start() {
    step "Let systemd read the unit, start the service with the machine, and start it now"
    run systemctl daemon-reload
    run systemctl enable $service
    # A unit of type notify: this returns when the server says that it is ready.
    run systemctl restart $service || show_failure "the service does not start"
    local host port admin_host admin_port
    host=$(reachable TURNSERVER_HOST)
    port=$(setting TURNSERVER_PORT 80)
    admin_host=$(reachable TURNSERVER_ADMIN_HOST)
    admin_port=$(setting TURNSERVER_ADMIN_PORT 9180)
    step "Wait until http://$host:$port/healthz says ok, for $health_patience seconds at most"
    [[ $is_dry ]] && return
    local end=$((SECONDS + health_patience))
    until is_healthy "$host" "$port"; do
        [[ $SECONDS -lt $end ]] || show_failure "the service does not answer on port $port"
        sleep 0.2
    done
    cat <<EOF

The turn server runs at http://$host:$port/ and starts with the machine.
  systemctl status $service                how it is
  journalctl -u $service -f                what it says
  curl http://$host:$port/healthz          whether it is well
EOF
    [[ $admin_port == 0 ]] || echo "  http://$admin_host:$admin_port/status             the same at a glance"
    echo "  $settings                  its settings; then: systemctl restart $service"
}

install_all() {
    [[ $binary ]] || build
    become_root
    step "The program: $program"
    put 755 "$binary" "$program"
    local notices
    notices=$(dirname "$binary")/THIRD-PARTY-NOTICES.TXT
    # A build that has only been shown would have it.
    [[ ! $is_built && ! -f $notices ]] || put 644 "$notices" "$(dirname "$program")/THIRD-PARTY-NOTICES.TXT"
    put_settings
    step "The unit: $unit"
    put 644 "$here/turnserver.service" "$unit"
    if [[ $root ]]; then
        step "Installed below $root: systemd is left alone"
    else
        start
    fi
}

uninstall_all() {
    become_root
    if [[ -z $root && -e $unit ]]; then
        step "Stop the service, and start it no more with the machine"
        run systemctl disable --now $service
    fi
    step "Remove the unit and the program"
    local is_edited=
    [[ -e $settings ]] && ! cmp -s "$settings" "$shipped" && is_edited=yes
    [[ -e $settings && -z $is_edited ]] && run rm -f "$settings"
    run rm -f "$unit"
    run rm -rf "$(dirname "$program")"
    [[ $root ]] || run systemctl daemon-reload
    [[ $is_edited ]] && step "The settings were edited and are kept. To remove them: rm $settings"
    if [[ -e $root/var/lib/private/turnserver || -e $root/var/lib/turnserver ]]; then
        step "Its state is kept. To remove it: rm -rf $root/var/lib/private/turnserver $root/var/lib/turnserver"
    fi
    step "The turn server is not installed any more"
}

[[ $verb == install || $verb == uninstall ]] || {
    usage >&2
    exit 2
}
read_arguments "$@"
check
"${verb}_all"
