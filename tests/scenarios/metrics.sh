#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# ctfull metrics: what a real node_exporter makes of the file is what ctfull status says,
# of one namespace and of all; who reads the file while it is replaced sees all of it;
# and the dashboard and the alerts of the documentation ask for what there is.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh" || exit

modprobe -a xt_ctfull nf_conntrack_netlink || die "no xt_ctfull"
setup_ns one two watcher
mkdir "$work/prom"
prom=$work/prom/ctfull.prom

# Figures that differ from each other, and between the namespaces
run_in "$one" iptables -t raw -A OUTPUT -j CTFULL --reserve 50% --on-full untrack --warn-at 70% \
	--log-burst 3 --log-rate 1/minute
run_in "$two" ip6tables -t raw -A OUTPUT -p udp -j CTFULL --reserve 20
run_in "$two" ip6tables -t raw -A OUTPUT -p tcp -j CTFULL
table_max 100
fill "$one" 45
fill "$two" 77
flows "$one" 127.0.0.1 20 2>/dev/null
flows "$two" ::1 10 2>/dev/null
fill "$one" 30 2000
# an entry that is not there for long is of no use here
run_in "$one" conntrack -D -s 127.0.0.1 >/dev/null 2>&1
run_in "$two" conntrack -D -s ::1 >/dev/null 2>&1

# compare.py METRICS STATUS FILE OTHER...: prints how the figures of METRICS, a file or
# http://..., differ from those in JSON of STATUS; if http:, what is missing of the file
# itself; and metrics that the OTHERs ask for and that are not there
cat >"$work/compare.py" <<'END'
import json, re, sys, time, urllib.request
NAMES = {
    "entries": "count", "entries_limit": "max", "level": "level",
    "warning_percentage": "warn_at", "peak_entries": "peak",
    "peak_timestamp_seconds": None, "rules": "rules",
    "refused_packets_total": "refused", "untracked_packets_total": "untracked",
    "reserved_packets_total": "reserved", "logged_packets_total": "logged",
    "suppressed_packets_total": "suppressed",
}
# Of the whole
ONCE = {"timestamp_seconds"}
# With names of node_exporter's: not of the first namespace where node_exporter runs
NODE = {"node_nf_conntrack_entries": "count", "node_nf_conntrack_entries_limit": "max"}

def samples(text):
    """{namespace: {name: value}}; the namespace is None if there is no label"""
    found = {}
    for name, label, value in re.findall(
            r'^conntrack_full_(\w+)(?:\{netns="([^"]*)"\})? (\S+)$', text, re.M):
        if name in ONCE:
            if abs(time.time() - float(value)) > 300:
                print("%s is %s" % (name, value))
            continue
        labelled = "conntrack_full_%s{" % name in text
        found.setdefault(label if labelled else None, {})[name] = float(value)
    return found

def compare(where, got, status):
    for name, key in NAMES.items():
        if name not in got:
            print("%s: %s is missing" % (where, name))
        elif key == "level":
            if got[name] != ["normal", "warning", "full"].index(status["level"]):
                print("%s: level %s, %s" % (where, got[name], status["level"]))
        elif key and got[name] != status[key]:
            print("%s: %s %s, %s %s" % (where, name, got[name], key, status[key]))
    for name in got.keys() - NAMES.keys():
        print("%s: %s is not known" % (where, name))

def compare_node(where, text, status, textfile):
    for name, key in NODE.items():
        label = "" if where is None else '{netns="%s"}' % where
        values = re.findall("^%s (.*)$" % re.escape(name + label), text, re.M)
        wanted = [] if textfile and not where else [float(status[key])]
        if textfile and where is None:
            # node_exporter's own, which is there once
            wanted = list(map(float, values[:1])) or ["something"]
        if list(map(float, values)) != wanted:
            print("%s%s is %s, and should be %s" % (name, label, values, wanted))

def load(path):
    if path.startswith("http"):
        with urllib.request.urlopen(path, timeout=10) as page:
            return page.read().decode()
    with open(path) as file:
        return file.read()

text, status = load(sys.argv[1]), json.loads(load(sys.argv[2]))
if "namespaces" in status:
    status = {entry["namespace"]: entry for entry in status["namespaces"]}
else:
    status = {None: status}
got = samples(text)
if sorted(map(str, got)) != sorted(map(str, status)):
    print("namespaces %s, %s" % (sorted(map(str, got)), sorted(map(str, status))))
for where in got.keys() & status.keys():
    compare(where, got[where], status[where])
    compare_node(where, text, status[where], len(sys.argv) > 3 and sys.argv[3])
if sys.argv[1].startswith("http"):
    for line in ("node_textfile_scrape_error 0", 'node_textfile_mtime_seconds{file="%s"}' % sys.argv[3]):
        if line not in text:
            print("%s is missing" % line)
for path in sys.argv[4:]:
    asked = set(re.findall(r"conntrack_full_(\w+)", json.dumps(json.loads(load(path)))
                           if path.endswith(".json") else load(path)))
    if not asked:
        print("%s asks for nothing" % path)
    for name in sorted(asked - NAMES.keys() - ONCE):
        print("%s asks for %s" % (path, name))
END

# compare DESCRIPTION ARG...
compare() {
	is "$(run_in "$watcher" python3 "$work/compare.py" "${@:2}" 2>&1)" "" "$1"
}

# --- The text ---

run_in "$one" ctfull status --json >"$work/status"
is "$(grep -cE '^  "((refused|untracked|reserved)": 15|level": "warning"|logged": 3|suppressed": 12)' \
	"$work/status")" 6 "figures that are not all the same"
run_in "$one" ctfull metrics >"$work/text"
is $? 0 "metrics"
is "$(promtool check metrics <"$work/text" 2>&1)" "" "promtool likes them"
run_in "$one" ctfull metrics --all >"$work/all"
is "$(promtool check metrics <"$work/all" 2>&1)" "" "promtool likes metrics --all"
run_in "$one" ctfull status --all --json >"$work/status-all"
sed -n '/^```yaml$/,/^```$/{/^```/d;p}' "$tests/../doc/table-full.md" >"$work/rules.yml"
compare "the figures of status; the dashboard and the alerts ask for these" \
	"$work/text" "$work/status" "" "$tests/../doc/ctfull-dashboard.json" "$work/rules.yml"
compare "metrics --all: those of status --all" "$work/all" "$work/status-all"
is "$(grep -c "^conntrack_full_.*{netns=\"\\($one\\|$two\\|\\)\"}" "$work/all")" 36 \
	"of two namespaces, and of the first one"
like "$(promtool check rules "$work/rules.yml" 2>&1)" "SUCCESS: 5 rules" "promtool likes the runbook's alerts"

# --- The file, which is read while it is replaced ---

cat >"$work/read.py" <<'END'
import os, sys, time
path, ready, stop = sys.argv[1:]
reads, inodes = 0, set()
while reads <= 100 or not os.path.exists(stop):
    with open(path, "rb") as file:
        text = file.read()
        inodes.add(os.fstat(file.fileno()).st_ino)
        if os.fstat(file.fileno()).st_mode & 0o7777 != 0o644:
            print("mode %o" % os.fstat(file.fileno()).st_mode)
    if text.count(b"\n") != 39 or not text.endswith(b"\n"):
        print("%u bytes, %u lines" % (len(text), text.count(b"\n")))
    reads += 1
    if reads == 1:
        open(ready, "w").close()
    time.sleep(0.0005)
print("%u files" % min(len(inodes), 10))
END
umask 077
run_in "$one" ctfull metrics --textfile "$prom"
start python3 "$work/read.py" "$prom" "$work/ready" "$work/stop" >"$work/read"
reader=$started
wait_for 60 test -e "$work/ready" || die "nobody reads"
for ((i = 0; i < 40; i++)); do
	run_in "$one" ctfull metrics --textfile "$prom" || break
done
is "$i" 40 "the file is replaced 40 times"
touch "$work/stop"
wait "$reader"
is "$(sort -u "$work/read")" "10 files" "a reader sees all of a file, each time, and that all may read it"
is "$(ls -A "$work/prom")" ctfull.prom "nothing else stays in the folder"

inode=$(stat -c %i "$prom")
run_in "$one" setpriv --reuid 65534 --clear-groups --inh-caps -all ctfull metrics \
	--textfile "$prom" 2>/dev/null
is "$? $(stat -c %i "$prom") $(ls -A "$work/prom")" "3 $inode ctfull.prom" \
	"without a permission, the file stays as it is"
mkdir "$work/small"
mount -t tmpfs -o size=4k tmpfs "$work/small" || die "no tmpfs"
run_in "$one" ctfull metrics --textfile "$work/small/ctfull.prom" || die "no room for the first file"
inode=$(stat -c %i "$work/small/ctfull.prom")
cp "$work/small/ctfull.prom" "$work/before"
like "$(run_in "$one" ctfull metrics --textfile "$work/small/ctfull.prom" 2>&1; echo $?)" \
	$'No space left on device\n3$' "a full disk: it says so"
cmp -s "$work/before" "$work/small/ctfull.prom" &&
	[ "$(stat -c %i "$work/small/ctfull.prom") $(ls -A "$work/small")" = "$inode ctfull.prom" ]
ok $? "and the file is the one before, and the only one"
umount "$work/small"
umask 022
chmod 755 "$work" "$work/prom"

# --- node_exporter ---

start ip netns exec "$watcher" prometheus-node-exporter --collector.disable-defaults \
	--collector.conntrack --collector.textfile --collector.textfile.directory="$work/prom" \
	--web.disable-exporter-metrics --web.listen-address=127.0.0.1:9100 2>"$work/exporter"
wait_for 60 listening "$watcher" tcp 9100 || die "node_exporter: $(<"$work/exporter")"
compare "node_exporter: the figures of status" http://127.0.0.1:9100/metrics "$work/status" "$prom"
fill "$one" 5 3000
run_in "$one" ctfull metrics --all --textfile "$prom"
run_in "$one" ctfull status --all --json >"$work/status-all"
compare "node_exporter: a minute later, those of all namespaces" http://127.0.0.1:9100/metrics \
	"$work/status-all" "$prom"
is "$(run_in "$watcher" curl -s http://127.0.0.1:9100/metrics | grep -c '^node_nf_conntrack_entries ')" 1 \
	"node_exporter: its own figure of the table is there, once"
is "$(grep -i 'error' "$work/exporter")" "" "and it has nothing to complain of"
finish
