#!/usr/bin/env bash
# Installs the server as a systemd service, and removes it. Called by ./run.sh install and ./run.sh uninstall.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
service=turnserver
root=${DESTDIR-}
program=$root/opt/turnserver/turnserver
shipped=$root/opt/turnserver/turnserver.default
settings=$root/etc/default/turnserver
unit=$root/etc/systemd/system/turnserver.service
health_timeout=20

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

  --dry-run        print the commands and run none
  --binary PATH    install this binary, built by ./run.sh publish, instead of building one

Builds as you and continues as root, through sudo. With DESTDIR=/some/dir it installs below that directory, without
root, and does not call systemd. To upgrade, install again. An edited settings file is kept.
EOF
}

wrong() {
    printf 'run.sh %s: %s\n' "$verb" "$1" >&2
    usage >&2
    exit 2
}

# Says what the next commands are for.
step() { printf '# %s\n' "$*"; }

# Quoted for a shell.
quote() { printf ' %q' "$@"; }

# Prints a command and, unless it is a dry run, runs it.
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
                [[ $verb == install ]] || wrong "--binary is for install"
                [[ ${2-} ]] || wrong "--binary takes the path of a binary"
                binary=$2
                shift
                ;;
            -h | --help)
                usage
                exit
                ;;
            *) wrong "unknown argument $1" ;;
        esac
        shift
    done
}

is_packaged() { [[ -z $root && $(dpkg-query -W -f '${db:Status-Status}' $service 2>/dev/null) == installed ]]; }

# A package that was removed but not purged still owns its settings file.
package_owns_settings() { [[ -z $root ]] && dpkg-query -S "$settings" &>/dev/null; }

is_installed() { [[ -e $unit || -e $program || -e $shipped ]]; }

# The runtime loads OpenSSL for its random keys when the first one is needed.
has_openssl() { [[ $(PATH=$PATH:/usr/sbin:/sbin ldconfig -p) == *libssl.so.[13]* ]]; }

# A dry run prints its steps even where the real run would stop at once.
refuse() {
    [[ $is_dry ]] || fail "$1"
    printf 'run.sh %s: without --dry-run it would stop here: %s\n' "$verb" "$1" >&2
}

# Reports every obstacle before anything is built and before sudo asks for a password.
check() {
    [[ -z $binary || -x $binary && -f $binary ]] || fail "$binary is not a binary"
    [[ $root ]] && return
    if is_packaged; then
        if [[ $verb == install ]]; then
            refuse "the Debian package is installed: upgrade it (./run.sh deb), or apt remove $service"
        elif ! is_installed; then
            refuse "the Debian package is installed: apt remove $service"
        fi
    fi
    [[ -d /run/systemd/system ]] ||
        refuse "systemd does not run here; DESTDIR=/some/dir ./run.sh $verb works without it"
    [[ $verb == uninstall ]] || has_openssl || refuse "OpenSSL's library is missing: apt-get install libssl3"
}

# Builds as the owner of the sources, who could not overwrite root's files.
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

# Continues as root, with the binary that has been built.
become_root() {
    [[ $EUID -eq 0 || $root ]] && return
    if [[ $is_built ]]; then step "The rest needs root"; else step "This needs root"; fi
    local again=("$here/install.sh" "$verb")
    [[ $binary ]] && again+=(--binary "$(readlink -m "$binary")")
    if [[ $is_dry ]]; then
        printf '  sudo%s, which runs:\n' "$(quote "${again[@]}")"
        return
    fi
    command -v sudo >/dev/null || fail "there is no sudo; run as root:$(quote "${again[@]}")"
    exec sudo "${again[@]}"
}

# Replaces a file atomically: a running program cannot be overwritten.
put() {
    local mode=$1 from=$2 to=$3
    run install -D -m "$mode" "$from" "$to.new"
    run mv -f "$to.new" "$to"
}

put_settings() {
    local now=$here/turnserver.default
    if [[ ! -e $settings ]]; then
        step "Settings, each commented out at its default: $settings"
        put 644 "$now" "$settings"
    elif cmp -s "$settings" "$now"; then
        step "Settings unchanged: $settings"
    elif cmp -s "$settings" "$shipped"; then
        step "Settings not edited: replaced by the new defaults"
        put 644 "$now" "$settings"
    elif [[ ! -e $shipped ]] || cmp -s "$shipped" "$now"; then
        step "Settings edited and kept: $settings"
    else
        step "Settings edited and kept, but the defaults have changed: diff $settings $shipped"
    fi
    step "The defaults, for comparison at the next upgrade"
    put 644 "$now" "$shipped"
}

# The value of a setting that is not commented out, or a default. As in systemd, the last line wins.
setting() {
    local line
    line=$(sed -nE "s/^[[:space:]]*$1=[\"']?([^\"']*)[\"']?[[:space:]]*$/\1/p" "$settings" 2>/dev/null | tail -n 1)
    printf '%s' "${line:-$2}"
}

# An address at which the server can be reached, from a setting that may name all addresses.
reachable() {
    local address
    address=$(setting "$1" 127.0.0.1)
    [[ $address == 0.0.0.0 ]] && address=127.0.0.1
    printf '%s' "$address"
}

is_healthy() {
    local reply
    # The redirection fails if nothing listens.
    { exec 3<>"/dev/tcp/$1/$2"; } 2>/dev/null || return
    printf 'GET /healthz HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
    IFS= read -r -t 2 reply <&3 || reply=
    exec 3>&- 3<&-
    [[ $reply == 'HTTP/1.'[01]' 200'* ]]
}

show_failure() {
    printf 'run.sh install: %s; its last log lines:\n' "$1" >&2
    journalctl -u $service -n 20 --no-pager >&2 || true
    exit 1
}

start() {
    step "Load the unit, enable the service at boot, and start it"
    run systemctl daemon-reload
    run systemctl enable $service
    # Type=notify: returns when the server is ready.
    run systemctl restart $service || show_failure "the service does not start"
    local host port admin_host admin_port
    host=$(reachable TURNSERVER_HOST)
    port=$(setting TURNSERVER_PORT 80)
    admin_host=$(reachable TURNSERVER_ADMIN_HOST)
    admin_port=$(setting TURNSERVER_ADMIN_PORT 9180)
    step "Wait for http://$host:$port/healthz, at most $health_timeout seconds"
    [[ $is_dry ]] && return
    local end=$((SECONDS + health_timeout))
    until is_healthy "$host" "$port"; do
        [[ $SECONDS -lt $end ]] || show_failure "the service does not answer on port $port"
        sleep 0.2
    done
    printf '\nThe turn server runs at http://%s:%s/ and starts at boot.\n' "$host" "$port"
    hint "systemctl status $service" "its state"
    hint "journalctl -u $service -f" "its log"
    hint "curl http://$host:$port/healthz" "its health"
    [[ $admin_port == 0 ]] || hint "http://$admin_host:$admin_port/status" "its status page"
    hint "$settings" "its settings; after a change: systemctl restart $service"
}

hint() { printf '  %-38s %s\n' "$1" "$2"; }

install_all() {
    [[ $binary ]] || build
    become_root
    step "The program: $program"
    put 755 "$binary" "$program"
    local notices
    notices=$(dirname "$binary")/THIRD-PARTY-NOTICES.TXT
    # In a dry run the build's file does not exist yet.
    [[ ! $is_built && ! -f $notices ]] || put 644 "$notices" "$(dirname "$program")/THIRD-PARTY-NOTICES.TXT"
    put_settings
    step "The unit: $unit"
    put 644 "$here/turnserver.service" "$unit"
    if [[ $root ]]; then
        step "Installed below $root; systemd is not called"
    else
        start
    fi
}

# Leaves what the user edited, and what the Debian package owns.
uninstall_files() {
    step "Remove the unit and the program"
    if [[ -e $settings ]] && cmp -s "$settings" "$shipped" && ! package_owns_settings; then
        run rm -f "$settings"
    fi
    run rm -f "$unit"
    run rm -rf "$(dirname "$program")"
}

uninstall_all() {
    if ! is_installed; then
        step "The turn server is not installed"
        explain_kept
        return
    fi
    become_root
    if [[ -z $root && -e $unit ]]; then
        step "Stop and disable the service"
        run systemctl disable --now $service
    fi
    local is_edited=
    [[ -e $settings ]] && ! cmp -s "$settings" "$shipped" && is_edited=yes
    uninstall_files
    [[ $root ]] || run systemctl daemon-reload
    if is_packaged; then
        step "The Debian package is installed too: start its service"
        run systemctl enable --now $service
        return
    fi
    explain_kept "$is_edited"
    step "The turn server is uninstalled"
}

explain_kept() {
    if package_owns_settings; then
        step "Settings kept, as they belong to the Debian package. To remove them: apt purge $service"
    elif [[ ${1-} ]]; then
        step "Settings edited and kept. To remove them: rm $settings"
    fi
    if [[ -e $root/var/lib/private/turnserver || -e $root/var/lib/turnserver ]]; then
        step "Game state kept. To remove it: rm -rf $root/var/lib/private/turnserver $root/var/lib/turnserver"
    fi
}

[[ $verb == install || $verb == uninstall ]] || {
    usage >&2
    exit 2
}
read_arguments "$@"
check
"${verb}_all"
