#!/usr/bin/env bash
# The one test command: format, vet, staticcheck, build, and every test, with
# the race detector, on SQLite and on a PostgreSQL of its own, in a browser
# where there is one.
#
#   scripts/test.sh                                    everything
#   scripts/test.sh ./payment ./store/...              some packages
#   scripts/test.sh ./payment -- -run TestP13 -count=5 with flags for go test
#
# It installs what it needs where it may (as root, by apt-get, only what is
# missing) and says what it skips where it may not.
#
#   POSTA_TEST_NO_SKIP=1     a skipped test or a missing tool is a failure (.ci/run sets it)
#   POSTA_TEST_NO_INSTALL=1  install nothing
#   POSTA_TEST_POSTGRES=URL  use this PostgreSQL (an account that may create databases) instead of starting one
#   POSTA_TEST_CHROMIUM=FILE use this browser
#   POSTA_TEST_TIMEOUT=15m   limit for one package
#   POSTA_TEST_RACE=0        without the race detector (faster; not for CI)
#
# Tests find their PostgreSQL and browser in the same two variables.
set -uo pipefail
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

packages=()
flags=()
while [ $# -gt 0 ]; do
	case $1 in
	--)
		shift
		flags=("$@")
		break
		;;
	-h | --help)
		sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"
		exit 0
		;;
	-*)
		echo "test: flags for go test come after --, as in: scripts/test.sh ./payment -- -run TestX" >&2
		exit 2
		;;
	*) packages+=("$1") ;;
	esac
	shift
done
[ ${#packages[@]} -gt 0 ] || packages=(./...)

no_skip=${POSTA_TEST_NO_SKIP:-}
[ "$no_skip" != 0 ] || no_skip=
# A checkout that belongs to somebody else must build, too: no VCS stamp.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

work=$(mktemp -d "${TMPDIR:-/tmp}/posta-test.XXXXXX") || exit 1
chmod 711 "$work"
cleanup() {
	scripts/postgres.sh stop "$work/postgres" >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT
child=
stop() { # a signal ends the step that runs, too
	[ -z "$child" ] || kill -TERM -- "-$child" 2>/dev/null
	exit "$1"
}
trap 'stop 130' INT
trap 'stop 143' TERM HUP

begun=$SECONDS
failures=()
missing=()
: >"$work/summary"

# step runs a command under a name; its failure is kept for the end.
step() {
	local name=$1 at=$SECONDS
	shift
	printf '== %s\n' "$name"
	set -m # a process group of its own
	"$@" &
	child=$!
	set +m
	if wait "$child"; then
		printf '   %s: ok, %d s\n' "$name" $((SECONDS - at))
	else
		printf '   %s: FAILED, %d s\n' "$name" $((SECONDS - at))
		failures+=("$name")
	fi
	child=
}

without() {
	printf '   missing: %s\n' "$*"
	missing+=("$*")
}

# --- what the machine must have ----------------------------------------------

find_chromium() {
	local c
	for c in "${POSTA_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
		if [ -n "$c" ] && command -v "$c" >/dev/null 2>&1; then
			command -v "$c"
			return
		fi
	done
	return 1
}

have_postgres() {
	{ command -v initdb && command -v pg_ctl; } >/dev/null 2>&1 ||
		compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' >/dev/null || compgen -G '/usr/pgsql-*/bin/pg_ctl' >/dev/null
}

have_compiler() { echo 'int main(void){return 0;}' | "$(go env CC)" -x c -o "$work/cc" - >/dev/null 2>&1; }

have_font() { find /usr/share/fonts /usr/local/share/fonts \( -name '*.ttf' -o -name '*.otf' \) -print -quit 2>/dev/null | grep -q .; }

apt() {
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" >>"$work/apt.log" 2>&1
}

install_missing() {
	local wanted=()
	[ -n "${POSTA_TEST_POSTGRES:-}" ] || have_postgres || wanted+=(postgresql)
	if [ -n "${POSTA_TEST_CHROMIUM:-}" ] || find_chromium >/dev/null; then :; else wanted+=(chromium); fi
	have_compiler || wanted+=(gcc libc6-dev)
	have_font || wanted+=(fonts-dejavu-core)
	[ ${#wanted[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1 || [ -n "${POSTA_TEST_NO_INSTALL:-}" ]; then
		echo "   not installed here: ${wanted[*]} (root and apt-get would do it)"
		return 0
	fi
	echo "   installing: ${wanted[*]}"
	if ! { apt install -y --no-install-recommends "${wanted[@]}" || { apt update && apt install -y --no-install-recommends "${wanted[@]}"; }; }; then
		echo "   apt-get could not install them:"
		tail -5 "$work/apt.log"
	fi
}

if ! command -v go >/dev/null 2>&1; then
	if [ -x /usr/local/go/bin/go ]; then
		export PATH=$PATH:/usr/local/go/bin
	else
		echo "test: Go is not installed" >&2
		exit 1
	fi
fi
echo "== machine: $(go version | cut -d' ' -f3-), $(getconf _NPROCESSORS_ONLN) processors"
install_missing

race=(-race)
if [ "${POSTA_TEST_RACE:-1}" = 0 ]; then
	race=()
	without "the race detector (POSTA_TEST_RACE=0)"
elif have_compiler; then
	export CGO_ENABLED=1
else
	race=()
	without "a C compiler: no race detector"
fi

if [ -z "${POSTA_TEST_POSTGRES:-}" ]; then
	if POSTA_TEST_POSTGRES=$(scripts/postgres.sh start "$work/postgres"); then
		export POSTA_TEST_POSTGRES
		echo "   PostgreSQL: its own cluster, port $(sed 's/.*:\([0-9]*\)\/.*/\1/' <<<"$POSTA_TEST_POSTGRES")"
	else
		unset POSTA_TEST_POSTGRES
		without "PostgreSQL: its tests are skipped"
	fi
else
	export POSTA_TEST_POSTGRES
	echo "   PostgreSQL: the one in POSTA_TEST_POSTGRES"
fi

if POSTA_TEST_CHROMIUM=$(find_chromium); then
	export POSTA_TEST_CHROMIUM
	echo "   Chromium: $POSTA_TEST_CHROMIUM"
else
	unset POSTA_TEST_CHROMIUM
	without "Chromium: the browser tests are skipped"
fi

# --- the code as it is written -------------------------------------------------

format() {
	local wrong
	wrong=$(gofmt -l .) || return 1
	[ -z "$wrong" ] || { echo "$wrong" && echo "   run gofmt -w on these" && return 1; }
}

staticcheck() { bin/staticcheck "${packages[@]}"; }

step gofmt format
step build go build ./...
step vet go vet "${packages[@]}"
if (cd tools && go build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck) >"$work/staticcheck.log" 2>&1; then
	step staticcheck staticcheck
else
	cat "$work/staticcheck.log"
	without "staticcheck: it could not be built"
fi
step "tools: vet and test" bash -c 'cd tools && go vet ./... && go test ./...'

# --- the tests -------------------------------------------------------------------

if ! (cd tools && go build -o ../bin/testlog ./testlog); then
	echo "test: tools/testlog does not build" >&2
	exit 1
fi

tests() { # tests FLAGS... -- PACKAGES...
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	go test -json -vet=off -timeout "${POSTA_TEST_TIMEOUT:-15m}" ${options[@]+"${options[@]}"} ${flags[@]+"${flags[@]}"} "$@" 2>&1 |
		bin/testlog ${no_skip:+-no-skip} -append "$work/summary"
}

raced=()
unraced=()
if ! go list -e "${packages[@]}" >"$work/packages"; then
	failures+=("go list")
fi
while read -r p; do
	if [ ${#race[@]} -gt 0 ] && grep -qE "^$p([[:space:]]|$)" scripts/without-race.txt; then
		unraced+=("$p")
	else
		raced+=("$p")
	fi
done <"$work/packages"

if [ ${#raced[@]} -gt 0 ]; then
	step "tests${race[*]:+ with the race detector}" tests ${race[@]+"${race[@]}"} -- "${raced[@]}"
fi
if [ ${#unraced[@]} -gt 0 ]; then
	step "tests without the race detector (scripts/without-race.txt)" tests -- "${unraced[@]}"
fi

# --- the end ---------------------------------------------------------------------

echo "== summary"
cat "$work/summary"
for m in ${missing[@]+"${missing[@]}"}; do echo "missing: $m"; done
if [ ${#missing[@]} -gt 0 ] && [ -n "$no_skip" ]; then
	failures+=("something is missing, and POSTA_TEST_NO_SKIP is set")
fi
if [ ${#failures[@]} -gt 0 ]; then
	for f in "${failures[@]}"; do echo "failed: $f"; done
	echo "FAILED after $((SECONDS - begun)) s"
	exit 1
fi
echo "passed in $((SECONDS - begun)) s"
