#!/usr/bin/env bash
# Builds a Debian package of the server in the current directory. Called by ./run.sh deb.
set -euo pipefail
umask 022

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(dirname "$(dirname "$here")")
binary=

say() { printf 'run.sh deb: %s\n' "$*" >&2; }

# shellcheck source=TurnServer/Service/tools.sh
. "$here/tools.sh"

usage() {
    cat <<EOF
Usage: ./run.sh deb [--binary PATH]

  --binary PATH    package this binary, built by ./run.sh publish, instead of building one

Writes the package to the current directory. Its maintainer is DEBFULLNAME <DEBEMAIL>, by default git's user.name and
user.email. With SOURCE_DATE_EPOCH set the package is reproducible.
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
            *) wrong "unknown argument $1" ;;
        esac
        shift
    done
}

from_git() { git -C "$top" "$@" 2>/dev/null || true; }

maintainer() {
    local name=${DEBFULLNAME-} email=${DEBEMAIL-}
    [[ $name ]] || name=$(from_git config user.name)
    [[ $email ]] || email=$(from_git config user.email)
    printf '%s <%s>' "${name:-TurnServer}" "${email:-root@$(hostname)}"
}

# dpkg-shlibdeps runs only in what looks like a source package.
dependencies() {
    mkdir -p "$work/source/debian"
    printf 'Source: turnserver\n\nPackage: turnserver\nArchitecture: any\n' >"$work/source/debian/control"
    (cd "$work/source" && dpkg-shlibdeps -O -e"$tree/usr/bin/turnserver" 2>/dev/null) | sed -n 's/^shlibs:Depends=//p'
}

# A manual page from the output of --help.
manual() {
    local date
    date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)
    cat <<EOF
.TH TURNSERVER 1 $date "TurnServer $version" "User Commands"
.SH NAME
turnserver \\- turn relay for two-player mobile games
.SH SYNOPSIS
.B turnserver
[\\fIoptions\\fR] [\\fB@\\fIFILE\\fR]
.br
.B turnserver connect
\\fIURL\\fR \\fB\\-\\-name\\fR \\fINAME\\fR [\\fIoptions\\fR]
.SH SERVER
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
settings; after a change: systemctl restart turnserver
.TP
.I /var/lib/private/turnserver
players and games
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
    [[ $depends ]] || fail "dpkg-shlibdeps cannot read $binary: is it built for $architecture?"
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
ensure_packaging
if [[ -z $binary ]]; then
    binary=$top/TurnServer/bin/service/turnserver
    "$top/run.sh" publish "$(dirname "$binary")"
fi

if [[ -z ${SOURCE_DATE_EPOCH-} ]]; then
    SOURCE_DATE_EPOCH=$(from_git log -1 --format=%ct)
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
echo "run.sh deb: built $PWD/$package; to install or upgrade:"
echo "  sudo apt install --reinstall ./$package"
