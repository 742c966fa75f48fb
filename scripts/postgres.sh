#!/usr/bin/env bash
# A PostgreSQL cluster of our own for tests and benches: on a private port of
# the loopback, with a password of its own, in a folder of its own, with the
# durability settings that PostgreSQL has by default (fsync and
# synchronous_commit on). It touches no other cluster of the machine.
#
#   scripts/postgres.sh start [DIR]   starts it if it does not run; prints its URL, and nothing else, on stdout
#   scripts/postgres.sh url   [DIR]   prints the URL of one that runs
#   scripts/postgres.sh stop  [DIR]   stops it, by its data folder, and removes DIR
#
# DIR is POSTA_POSTGRES_DIR, or posta-postgres-<uid> in the temporary folder.
# Exit codes: 0 done, 1 failed, 3 PostgreSQL is not installed here.
set -euo pipefail

tmp=${TMPDIR:-/tmp}
action=${1:-}
dir=${2:-${POSTA_POSTGRES_DIR:-$tmp/posta-postgres-$(id -u)}}

say() { printf 'postgres: %s\n' "$*" >&2; }

# bin prints the folder of the newest server programs.
bin() {
	if command -v pg_ctl >/dev/null 2>&1 && command -v initdb >/dev/null 2>&1; then
		dirname "$(readlink -f "$(command -v pg_ctl)")"
		return
	fi
	local d
	for d in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV); do
		if [ -x "$d/initdb" ] && [ -x "$d/pg_ctl" ]; then
			echo "$d"
			return
		fi
	done
	return 1
}

# as_owner runs a command as who may own a cluster: PostgreSQL refuses root.
as_owner() {
	if [ "$(id -u)" = 0 ]; then
		(cd / && exec runuser -u postgres -- "$@")
	else
		"$@"
	fi
}

free_port() {
	local port
	for _ in $(seq 50); do
		port=$((20000 + RANDOM % 12000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	return 1
}

start() {
	local programs password port
	if ! programs=$(bin); then
		say "initdb and pg_ctl are not installed"
		exit 3
	fi
	if [ "$(id -u)" = 0 ] && ! id -u postgres >/dev/null 2>&1; then
		say "root may not own a cluster, and there is no user postgres"
		exit 3
	fi
	if [ -s "$dir/url" ] && as_owner "$programs/pg_ctl" -D "$dir/data" status >/dev/null 2>&1; then
		cat "$dir/url"
		return
	fi
	if [ -e "$dir/data" ]; then # died, perhaps with the machine: begin anew
		rm -rf "$dir"
	fi
	mkdir -p "$dir"
	chmod 711 "$dir"
	if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; fi
	if ! as_owner test -w "$dir"; then
		say "the owner of the cluster cannot reach $dir: set TMPDIR or POSTA_POSTGRES_DIR"
		exit 1
	fi

	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	(umask 077 && printf '%s\n' "$password" >"$dir/password")
	if [ "$(id -u)" = 0 ]; then chown postgres "$dir/password"; fi
	if ! as_owner "$programs/initdb" -D "$dir/data" -U posta --pwfile="$dir/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$dir/initdb.log" 2>&1; then
		cat "$dir/initdb.log" >&2
		exit 1
	fi
	for _ in 1 2 3 4 5; do
		port=$(free_port)
		# No Unix socket: its path may be longer than the system takes.
		if as_owner "$programs/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/data/server.log" \
			-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300" \
			start >/dev/null 2>&1 </dev/null; then
			(umask 077 && echo "postgres://posta:$password@127.0.0.1:$port/postgres?sslmode=disable" >"$dir/url")
			cat "$dir/url"
			return
		fi
	done
	say "the server does not start:"
	tail -20 "$dir/data/server.log" >&2 || true
	exit 1
}

stop() {
	local programs
	if [ -d "$dir/data" ] && programs=$(bin); then
		as_owner "$programs/pg_ctl" -D "$dir/data" -w -t 30 -m fast stop >/dev/null 2>&1 ||
			as_owner "$programs/pg_ctl" -D "$dir/data" -w -t 30 -m immediate stop >/dev/null 2>&1 || true
	fi
	if [ -d "$dir/data" ] || [ -e "$dir/password" ]; then rm -rf "$dir"; fi
}

case $action in
start) start ;;
stop) stop ;;
url) cat "$dir/url" ;;
*)
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
	exit 2
	;;
esac
