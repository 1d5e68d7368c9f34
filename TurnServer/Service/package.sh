#!/usr/bin/env bash
# Builds a Debian package of the server in the current directory; run.sh deb calls it.
set -euo pipefail
umask 022

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
binary=

say() { printf 'run.sh deb: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

usage() {
    cat <<EOF
Usage: ./run.sh deb [--binary PATH]

  --binary PATH    package this binary, as ./run.sh publish makes it, instead of building one

The package is written to the current directory. Its maintainer is DEBFULLNAME <DEBEMAIL>, or whom git names here. With
SOURCE_DATE_EPOCH set, the same binary makes the same package.
EOF
}

wrong() {
    say "$1"
    usage >&2
    exit 2
}

read_arguments() {
    while [[ $# -gt 0 ]]; do
        case $1 in
            --binary)
                [[ ${2-} ]] || wrong "--binary takes the path of a binary"
                binary=$2
                [[ -x $binary && -f $binary ]] || fail "$binary is not a binary"
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

ensure_tools() {
    command -v dpkg-deb >/dev/null || fail "this system has no dpkg: packages are built on Debian or Ubuntu"
    command -v dpkg-shlibdeps >/dev/null && return
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends dpkg-dev)
    [[ $EUID -eq 0 ]] || install=(sudo "${install[@]}")
    say "dpkg-shlibdeps is missing: installing it (apt-get install dpkg-dev)"
    "${install[@]}" >&2 || fail "dpkg-shlibdeps is missing: as root, apt-get update && apt-get install dpkg-dev"
}

git_says() { git -C "$top" "$@" 2>/dev/null || true; }

maintainer() {
    local name=${DEBFULLNAME-} email=${DEBEMAIL-}
    [[ $name ]] || name=$(git_says config user.name)
    [[ $email ]] || email=$(git_says config user.email)
    printf '%s <%s>' "${name:-TurnServer}" "${email:-root@$(hostname)}"
}

# A folder that looks like a source package is what dpkg-shlibdeps asks for.
dependencies() {
    mkdir -p "$work/source/debian"
    printf 'Source: turnserver\n\nPackage: turnserver\nArchitecture: any\n' >"$work/source/debian/control"
    (cd "$work/source" && dpkg-shlibdeps -O -e"$tree/usr/bin/turnserver" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}

# Its --help as a page of the manual.
manual() {
    local date
    date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
    cat <<EOF
.TH TURNSERVER 1 $date "TurnServer $version" "User Commands"
.SH NAME
turnserver \\- turn relay for two-player mobile games
.SH SYNOPSIS
.B turnserver
[\\fIflags\\fR] [\\fB@\\fIFILE\\fR]
.br
.B turnserver connect
\\fIURL\\fR \\fB\\-\\-name\\fR \\fINAME\\fR [\\fIflags\\fR]
.SH THE SERVER
The package runs it as the service turnserver.service, with the settings of
.IR /etc/default/turnserver .
.PP
.EX
EOF
    verbatim --help
    printf '.EE\n.SH PASSING DATA\n.EX\n'
    verbatim connect --help
    cat <<EOF
.EE
.SH FILES
.TP
.I /etc/default/turnserver
settings of the service; after a change: systemctl restart turnserver
.TP
.I /var/lib/private/turnserver
its state
EOF
}

verbatim() { "$tree/usr/bin/turnserver" "$@" | sed -e 's/\\/\\e/g; s/-/\\-/g; s/^\([.'"'"']\)/\\\&\1/'; }

fill_tree() {
    local doc=$tree/usr/share/doc/turnserver notices
    install -D -m 755 "$binary" "$tree/usr/bin/turnserver"
    install -D -m 644 "$here/turnserver.default" "$tree/etc/default/turnserver"
    mkdir -p "$tree/usr/lib/systemd/system" "$doc" "$tree/usr/share/man/man1" "$tree/usr/share/lintian/overrides"
    sed 's|/opt/turnserver/turnserver|/usr/bin/turnserver|' "$here/turnserver.service" \
        >"$tree/usr/lib/systemd/system/turnserver.service"
    cp "$here/debian/copyright" "$doc/copyright"
    cp "$here/debian/lintian-overrides" "$tree/usr/share/lintian/overrides/turnserver"
    printf 'turnserver (%s) unstable; urgency=medium\n\n  * Built from the sources of this version.\n\n -- %s  %s\n' \
        "$version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
    notices=$(dirname "$binary")/THIRD-PARTY-NOTICES.TXT
    [[ ! -f $notices ]] || gzip -9nc "$notices" >"$doc/THIRD-PARTY-NOTICES.gz"
    manual | gzip -9n >"$tree/usr/share/man/man1/turnserver.1.gz"
}

fill_control() {
    local control=$tree/DEBIAN script depends
    depends=$(dependencies)
    [[ $depends ]] || fail "dpkg-shlibdeps does not say what $binary needs: is it a binary for $architecture?"
    mkdir -p "$control"
    sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
        -e "s|@SIZE@|$(du -sk --apparent-size --exclude=DEBIAN "$tree" | cut -f 1)|; s|@DEPENDS@|$depends|" \
        "$here/debian/control" >"$control/control"
    for script in preinst postinst prerm postrm; do
        install -m 755 "$here/debian/$script" "$control/$script"
    done
    echo /etc/default/turnserver >"$control/conffiles"
    (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) \
        >"$control/md5sums"
    find "$tree" -exec touch --no-dereference -d "@$SOURCE_DATE_EPOCH" {} +
}

read_arguments "$@"
ensure_tools
if [[ -z $binary ]]; then
    binary=$top/TurnServer/bin/service/turnserver
    "$top/run.sh" publish "$(dirname "$binary")"
fi

if [[ -z ${SOURCE_DATE_EPOCH-} ]]; then
    SOURCE_DATE_EPOCH=$(git_says log -1 --format=%ct)
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date +%s)}
fi
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' "$top/Directory.Build.props")
architecture=$(dpkg --print-architecture)
maintainer=$(maintainer)
package=turnserver_${version}_$architecture.deb
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"
fill_tree
fill_control
dpkg-deb --root-owner-group -Zxz --build "$tree" "$package" >/dev/null
echo "run.sh deb: built $PWD/$package; to install it, or to upgrade:"
echo "  sudo apt install --reinstall ./$package"
