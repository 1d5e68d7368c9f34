# shellcheck shell=bash
# Finds or installs what the commands need: the .NET SDK, a linker, AFL++, dpkg-dev. Sourced by run.sh and package.sh,
# which set top and define say.
# shellcheck disable=SC2154

sdk_channel=$(sed -nE 's/.*"version": *"([0-9]+\.[0-9]+)\..*/\1/p' "$top/global.json")
sdk_package=dotnet-sdk-$sdk_channel
user_dotnet=${HOME-/root}/.dotnet
install_script=${TURNSERVER_DOTNET_INSTALL:-https://dot.net/v1/dotnet-install.sh}

fail() {
    say "$*"
    exit 1
}

# ---- Packages

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

can_be_root() { [[ $EUID -eq 0 ]] || command -v sudo >/dev/null; }

refresh_lists() {
    say "updating the package lists (apt-get update)"
    as_root apt-get update -qq >&2 || say "apt-get update failed; using the lists on this machine"
}

try_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" 2>&1; }

# apt_install WHAT PACKAGE...: shows what apt-get prints only if it fails. A first failure may be due to old or missing
# lists.
apt_install() {
    local what=$1 output
    shift
    command -v apt-get >/dev/null && can_be_root || return
    say "$what is missing: installing it (apt-get install $*)"
    output=$(try_install "$@") && return
    refresh_lists
    output=$(try_install "$@") && return
    printf '%s\n' "$output" >&2
    return 1
}

# ---- The .NET SDK

dotnet_has_sdk() {
    local sdks
    sdks=$("$1" --list-sdks 2>/dev/null) && [[ $'\n'$sdks == *$'\n'$sdk_channel.* ]]
}

# Falls back to an SDK in ~/.dotnet, for example if the system's is older.
has_sdk() {
    dotnet_has_sdk dotnet && return
    dotnet_has_sdk "$user_dotnet/dotnet" || return
    export PATH=$user_dotnet:$PATH DOTNET_ROOT=$user_dotnet
}

apt_has_sdk() { [[ $(apt-cache policy "$sdk_package" 2>/dev/null) =~ Candidate:\ [0-9] ]]; }

has_recent_lists() {
    local lists
    eval "$(apt-config shell lists Dir::State::lists/d)"
    compgen -G "$lists/*_Packages*" >/dev/null &&
        [[ $(find "$lists" "$lists/partial" -maxdepth 0 -mtime -1 2>/dev/null) ]]
}

# Never asks for a password just to check whether the package exists.
has_sdk_package() {
    command -v apt-get >/dev/null && can_be_root || return
    apt_has_sdk && return
    has_recent_lists && return 1
    [[ $EUID -eq 0 ]] || sudo -n true 2>/dev/null || return
    refresh_lists
    apt_has_sdk
}

# Fetches over HTTPS only, redirects included. wget has no option for that, so its plain-HTTP requests go to a proxy
# that does not exist.
fetch() {
    if command -v curl >/dev/null; then
        curl --proto '=https' --proto-redir '=https' -fsSL -o "$2" "$1"
    else
        http_proxy=http://127.0.0.1:9 wget -q -O "$2" "$1"
    fi
}

# Microsoft's script, which needs no root.
install_sdk_for_user() {
    local script=$install_script fetched=
    if [[ $script == *://* ]]; then
        [[ $script == https://* ]] || fail "TURNSERVER_DOTNET_INSTALL must be a file or an https:// URL, not $script"
        command -v curl >/dev/null || command -v wget >/dev/null ||
            fail "the .NET $sdk_channel SDK is missing, and so are curl and wget to download it: install one of them"
    else
        [[ -f $script ]] || fail "TURNSERVER_DOTNET_INSTALL: there is no file $script"
    fi
    say "the .NET $sdk_channel SDK is missing and was not installed as a package"
    say "installing it into $user_dotnet with Microsoft's dotnet-install.sh ($script):"
    say "about 230 MB from builds.dotnet.microsoft.com, 650 MB on disk"
    if [[ $script == *://* ]]; then
        fetched=$(mktemp)
        fetch "$script" "$fetched" || {
            rm -f "$fetched"
            fail "cannot download $script; TURNSERVER_DOTNET_INSTALL can name a mirror or a file"
        }
        script=$fetched
    fi
    bash "$script" --channel "$sdk_channel" --install-dir "$user_dotnet" --no-path >&2 || {
        rm -f "$fetched"
        fail "dotnet-install.sh failed; see https://learn.microsoft.com/dotnet/core/install/linux for other ways"
    }
    rm -f "$fetched"
    has_sdk || fail "dotnet-install.sh left no .NET $sdk_channel SDK in $user_dotnet"
}

ensure_sdk() {
    has_sdk && return
    if has_sdk_package && apt_install "the .NET $sdk_channel SDK" "$sdk_package" && has_sdk; then
        return
    fi
    install_sdk_for_user
}

# ---- Other tools

# For a file that it cannot find, gcc prints the bare name instead of a path.
has_linker() { type gcc objcopy &>/dev/null && [[ $(gcc -print-file-name=crt1.o) == /* ]]; }

# The ahead-of-time compiler needs one.
ensure_linker() {
    has_linker && return
    apt_install "a linker" --no-install-recommends gcc libc6-dev && has_linker && return
    fail "a linker is missing: install gcc, binutils and the C library's development files"
}

ensure_afl() {
    command -v afl-fuzz >/dev/null && return
    apt_install AFL++ --no-install-recommends afl++ && command -v afl-fuzz >/dev/null && return
    fail "AFL++ is missing: install it so that afl-fuzz is on the path"
}

ensure_packaging() {
    command -v dpkg-deb >/dev/null || fail "this system has no dpkg: packages are built on Debian or Ubuntu"
    command -v dpkg-shlibdeps >/dev/null && return
    apt_install dpkg-shlibdeps --no-install-recommends dpkg-dev && command -v dpkg-shlibdeps >/dev/null && return
    fail "dpkg-shlibdeps is missing: apt-get install dpkg-dev"
}
