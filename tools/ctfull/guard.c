// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull guard - bans, in a set of nftables, who holds too much of a table that fills
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull guard --table FAMILY/TABLE --set NAME [OPTION]...\n"
	"\n"
	"Waits until the connection tracking table fills up, then puts the sources that hold\n"
	"too much of it into a set of nftables, for a while. Rules say what becomes of them.\n"
	"\n"
	"  -t, --table FAMILY/TABLE  where the sets are, such as inet/filter\n"
	"  -s, --set NAME            a set of type ipv4_addr or ipv6_addr with \"flags timeout\";\n"
	"                            may be given twice, once for each type\n"
	"  -T, --timeout TIME        a ban ends after so long: 30s, 10m, 2h or 1d [10m]\n"
	"  -m, --min-share P%        too much is so much of the table, 1% to 100% [10%]\n"
	"  -n, --never NET[,NET]...  never ban these addresses; this machine's own never are\n"
	"  -e, --evict               delete the entries of who is banned\n"
	"  -x, --exec COMMAND        run this for each ban; see ctfull(8)\n"
	"  -i, --interval SEC        look again so often until there is room [5]\n"
	"  -d, --dry-run             say what would be done, and do nothing\n"
	"  -j, --json                as JSON, an object a line\n";

static const struct option options[] = {
	{ "table", required_argument, NULL, 't' },
	{ "set", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 'T' },
	{ "min-share", required_argument, NULL, 'm' },
	{ "never", required_argument, NULL, 'n' },
	{ "evict", no_argument, NULL, 'e' },
	{ "exec", required_argument, NULL, 'x' },
	{ "interval", required_argument, NULL, 'i' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* More sources cannot have 1% each; and a little for a limit that was lowered */
#define OFFENDERS_MAX		128

/* Deletions that are under way at once: their answers fit in the receive buffer */
#define EVICT_BATCH		64

/* Not more often than so, however often the level changes */
#define ROUND_GAP_MS		500

#define COMMAND_LIMIT_MS	10000
#define COMMANDS_MAX		128
#define NOTES_MAX		256

struct net {
	struct key key;		/* address and family */
	unsigned int bits;
};

struct nets {
	struct net *list;
	unsigned int n;
};

struct offender {
	struct key key;
	uint32_t entries;
	bool evict;
	unsigned int evicted;
};

/* What was said, and is not to be said again before @until */
struct note {
	struct key key;
	long long until;
};

struct command {
	pid_t pid;		/* 0: not in use */
	long long until;
	char source[ADDR_LEN];
};

static struct nftable nftable;
static struct nftset sets[2];
static unsigned int n_sets;
static unsigned int timeout_s = 600;
static unsigned int min_share = 10;
static unsigned int interval_s = 5;
static struct nets never;
static bool evict, dry_run, json_lines;
static const char *command_line;

static struct events events;
static struct nl nf, deleting;

static long long due;		/* next round, in ms; 0: none */
static long long last_round;
static uint32_t level;
static char last_trouble[512];
static bool troubled;			/* in this round */
static struct note notes[NOTES_MAX];
static struct command commands[COMMANDS_MAX];
static struct offender offenders[OFFENDERS_MAX];
static unsigned int n_offenders;

/* A reader that has gone is no reason to stop guarding. Frees @json. */
static void say(json_t *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *json, const char *format, ...)
{
	va_list args;

	if (json_lines) {
		json_dumpf(json, stdout, JSON_COMPACT);
	} else {
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	putchar('\n');
	fflush(stdout);
	clearerr(stdout);
	json_decref(json);
}

/* Does not say the same each round */
static void trouble(const char *text)
{
	troubled = true;
	if (!strcmp(text, last_trouble))
		return;
	snprintf(last_trouble, sizeof(last_trouble), "%s", text);
	complain("%s", text);
}

/* Is @key new to this list? Then it is put there, in place of what is oldest. */
static bool note(const struct key *key)
{
	long long now = now_ms();
	struct note *oldest = notes;
	unsigned int i;

	for (i = 0; i < NOTES_MAX; i++) {
		if (notes[i].until > now && !memcmp(&notes[i].key, key, sizeof(*key)))
			return false;
		if (notes[i].until < oldest->until)
			oldest = &notes[i];
	}
	oldest->key = *key;
	oldest->until = now + timeout_s * 1000LL;
	return true;
}

/* --- Who is never banned --- */

static void add_net(struct nets *nets, const struct net *net)
{
	struct net *list = reallocarray(nets->list, nets->n + 1, sizeof(*list));

	if (!list)
		die("out of memory");
	nets->list = list;
	list[nets->n++] = *net;
}

static bool in_nets(const struct nets *nets, const struct key *key)
{
	const uint8_t *a = (const uint8_t *)key->addr, *b;
	unsigned int i, bytes, bits;

	for (i = 0; i < nets->n; i++) {
		if (nets->list[i].key.family != key->family)
			continue;
		b = (const uint8_t *)nets->list[i].key.addr;
		bytes = nets->list[i].bits / 8;
		bits = nets->list[i].bits % 8;
		if (!memcmp(a, b, bytes) &&
		    (!bits || !((a[bytes] ^ b[bytes]) >> (8 - bits))))
			return true;
	}
	return false;
}

static void parse_net(struct nets *nets, char *text)
{
	struct net net = { 0 };
	char *slash = strchr(text, '/');
	char name[96];

	if (slash)
		*slash = 0;
	snprintf(name, sizeof(name), "--never %.50s: the number of bits", text);
	if (inet_pton(AF_INET, text, net.key.addr) == 1)
		net.key.family = NFPROTO_IPV4;
	else if (inet_pton(AF_INET6, text, net.key.addr) == 1)
		net.key.family = NFPROTO_IPV6;
	else
		die("--never %s%s%s: an address or ADDRESS/BITS is needed", text,
		    slash ? "/" : "", slash ? slash + 1 : "");
	net.bits = net.key.family == NFPROTO_IPV4 ? 32 : 128;
	if (slash)
		net.bits = number(name, slash + 1, 0, net.bits);
	add_net(nets, &net);
}

static void parse_nets(struct nets *nets, const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;

	if (!copy)
		die("out of memory");
	while ((item = strsep(&rest, ",")))
		parse_net(nets, item);
	free(copy);
}

static int own_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(nlh);
	struct net net = { 0 };
	const struct nlattr *attr;
	uint16_t len = header->ifa_family == AF_INET ? 4 : 16;

	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return 0;
	net.key.family = header->ifa_family;
	net.bits = len * 8;
	/* On a point-to-point link, IFA_ADDRESS is the other end's, and IFA_LOCAL comes too */
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) != len)
			continue;
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !net.key.protocol))
			memcpy(net.key.addr, mnl_attr_get_payload(attr), len);
		if (type == IFA_LOCAL)
			net.key.protocol = 1; /* only means: it is settled */
	}
	net.key.protocol = 0;
	add_net(data, &net);
	return 0;
}

static int own_addresses(struct nets *own)
{
	struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
	char loopback[] = "127.0.0.0/8", loopback6[] = "::1";
	char buf[64] __attribute__((aligned(8)));
	static struct nl nl;
	int ret, tries;

	ret = nl_open(&nl, NETLINK_ROUTE);
	for (tries = 0; !ret && tries < 3; tries++) {
		own->n = 0;
		ret = nl_request(&nl, nl_message(buf, RTM_GETADDR, NLM_F_DUMP, &header,
						 sizeof(header)), own_address, own);
		if (!nl.interrupted)
			break;
	}
	nl_close(&nl);
	parse_net(own, loopback);
	parse_net(own, loopback6);
	return ret;
}

/* --- What is done to an offender --- */

static void run_command(const struct offender *offender, const char *source,
			const char *share)
{
	struct command *command = commands;
	char entries[16];
	sigset_t none;
	pid_t pid;
	int null;

	while (command->pid && command < commands + COMMANDS_MAX - 1)
		command++;
	if (command->pid) {
		complain("--exec for %s: not run, %u others still run", source, COMMANDS_MAX);
		return;
	}
	pid = fork();
	if (pid < 0)
		complain("--exec for %s: %s", source, strerror(errno));
	if (pid > 0) {
		command->pid = pid;
		command->until = now_ms() + COMMAND_LIMIT_MS;
		snprintf(command->source, sizeof(command->source), "%s", source);
	}
	if (pid)
		return;

	/* A group of its own, which can be killed as a whole */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	/* The guard's own lines stay on their own */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	snprintf(entries, sizeof(entries), "%u", offender->entries);
	setenv("CTFULL_SOURCE", source, 1);
	setenv("CTFULL_SHARE", share, 1);
	setenv("CTFULL_ENTRIES", entries, 1);
	setenv("CTFULL_LEVEL", level_name(level), 1);
	execl("/bin/sh", "sh", "-c", command_line, (char *)NULL);
	_exit(127);
}

/* Returns when the next one's time is over; 0: none runs */
static long long reap_commands(void)
{
	long long next = 0, now = now_ms();
	struct command *command;
	int status;

	for (command = commands; command < commands + COMMANDS_MAX; command++) {
		if (!command->pid)
			continue;
		if (waitpid(command->pid, &status, WNOHANG) == command->pid) {
			if (WIFEXITED(status) && WEXITSTATUS(status))
				complain("--exec for %s: exit status %d", command->source,
					 WEXITSTATUS(status));
			else if (WIFSIGNALED(status))
				complain("--exec for %s: killed by signal %d",
					 command->source, WTERMSIG(status));
			command->pid = 0;
			continue;
		}
		if (now >= command->until) {
			complain("--exec for %s: took more than %d s", command->source,
				 COMMAND_LIMIT_MS / 1000);
			kill(-command->pid, SIGKILL);
			command->until = now + COMMAND_LIMIT_MS;
		}
		if (!next || command->until < next)
			next = command->until;
	}
	return next;
}

/* Deletions that were not sent yet */
static struct {
	char buf[1 << 15] __attribute__((aligned(8)));
	size_t len;
	unsigned int n;
	struct offender *of[EVICT_BATCH];
} batch;

/* An entry that has gone by itself does not count. */
static int send_batch(void)
{
	uint32_t seq = deleting.seq - batch.n;
	unsigned int i;
	int ret, error = 0;

	if (!batch.n)
		return 0;
	if (mnl_socket_sendto(deleting.sock, batch.buf, batch.len) < 0)
		return -errno;
	for (i = 0; i < batch.n; i++) {
		ret = nl_answer(&deleting, ++seq, NULL, NULL);
		if (!ret)
			batch.of[i]->evicted++;
		else if (ret != -ENOENT)
			error = ret;
		/* Here the answers are lost, too */
		if (ret == -ENOBUFS)
			break;
	}
	batch.n = 0;
	batch.len = 0;
	return error;
}

/* The tuple of the original direction, its zone, and the id, so that it is no other */
static void put_deletion(const struct nlmsghdr *entry, struct offender *offender)
{
	struct nf_conntrack *ct = nfct_new(), *original = nfct_new();
	struct nlmsghdr *nlh;
	static const int zones[] = { ATTR_ZONE, ATTR_ORIG_ZONE };
	unsigned int i;

	if (!ct || !original)
		die("out of memory");
	nlh = nf_message(batch.buf + batch.len, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
			 NLM_F_ACK, offender->key.family);
	if (nfct_nlmsg_parse(entry, ct) < 0)
		goto out;
	nfct_copy(original, ct, NFCT_CP_ORIG);
	for (i = 0; i < ARRAY_SIZE(zones); i++)
		if (nfct_attr_is_set(ct, zones[i]) > 0)
			nfct_set_attr_u16(original, zones[i], nfct_get_attr_u16(ct, zones[i]));
	if (nfct_nlmsg_build(nlh, original) < 0)
		goto out;
	if (nfct_attr_is_set(ct, ATTR_ID) > 0)
		mnl_attr_put_u32(nlh, CTA_ID, htonl(nfct_get_attr_u32(ct, ATTR_ID)));
	nlh->nlmsg_seq = ++deleting.seq;
	batch.of[batch.n++] = offender;
	batch.len += nlh->nlmsg_len;
out:
	nfct_destroy(original);
	nfct_destroy(ct);
}

static int evict_cb(const struct nlmsghdr *nlh, void *data __attribute__((unused)))
{
	struct key key;
	unsigned int i;

	if (!key_parse(nlh, BY_SRC, &key))
		return 0;
	for (i = 0; i < n_offenders; i++)
		if (offenders[i].evict && !memcmp(&offenders[i].key, &key, sizeof(key)))
			break;
	if (i == n_offenders)
		return 0;
	put_deletion(nlh, &offenders[i]);
	return batch.n == EVICT_BATCH ? send_batch() : 0;
}

static void evict_offenders(void)
{
	struct offender *offender;
	char text[512], source[ADDR_LEN];
	int ret;

	batch.n = 0;
	batch.len = 0;
	ret = nl_open(&deleting, NETLINK_NETFILTER);
	if (!ret)
		ret = conntrack_dump(&nf, AF_UNSPEC, evict_cb, NULL);
	if (!ret)
		ret = send_batch();
	nl_close(&deleting);
	if (ret) {
		snprintf(text, sizeof(text), "--evict: %s", conntrack_error(ret));
		trouble(text);
	}
	for (offender = offenders; offender < offenders + n_offenders; offender++) {
		if (!offender->evicted)
			continue;
		addr_text(offender->key.family, offender->key.addr, source);
		say(json_pack("{s:s, s:s, s:I}", "event", "evict", "source", source,
			      "entries", (json_int_t)offender->evicted),
		    "evict %s: %u entries", source, offender->evicted);
	}
}

/* --- A round --- */

static const struct nftset *set_for(const struct key *key)
{
	unsigned int i;

	for (i = 0; i < n_sets; i++)
		if (sets[i].family == key->family)
			return &sets[i];
	return NULL;
}

static int look_up_sets(char *why, size_t size)
{
	unsigned int i;
	int ret;

	for (i = 0; i < n_sets; i++) {
		ret = nftset_look_up(&nf, &nftable, &sets[i], why, size);
		if (ret)
			return ret;
	}
	if (n_sets == 2 && sets[0].family == sets[1].family) {
		snprintf(why, size,
			 "--set %s: is for the same addresses as %s; ipv4_addr and ipv6_addr are needed",
			 sets[1].name, sets[0].name);
		return -EINVAL;
	}
	return 0;
}

static void told(const struct offender *offender, uint64_t of)
{
	unsigned int share = per_mille(offender->entries, of);
	char source[ADDR_LEN], percent[16];

	addr_text(offender->key.family, offender->key.addr, source);
	snprintf(percent, sizeof(percent), "%u.%u", share / 10, share % 10);
	say(json_pack("{s:s, s:s, s:i, s:s, s:f, s:I, s:I, s:s, s:b}", "event", "ban",
		      "source", source, "timeout", (int)timeout_s,
		      "set", set_for(&offender->key)->name, "percent", share / 10.0,
		      "entries", (json_int_t)offender->entries, "of", (json_int_t)of,
		      "level", level_name(level), "dry_run", dry_run),
	    "%sban %s for %us: %s%% of the table (%u of %llu entries), level %s",
	    dry_run ? "would " : "", source, timeout_s, percent, offender->entries,
	    (unsigned long long)of, level_name(level));
	if (dry_run && evict)
		say(json_pack("{s:s, s:s, s:I, s:b}", "event", "evict", "source", source,
			      "entries", (json_int_t)offender->entries, "dry_run", true),
		    "would evict %s: %u entries", source, offender->entries);
	if (!dry_run && command_line)
		run_command(offender, source, percent);
}

static void spared(const struct offender *offender, uint64_t of, const char *why)
{
	unsigned int share = per_mille(offender->entries, of);
	char source[ADDR_LEN];

	if (!note(&offender->key))
		return;
	addr_text(offender->key.family, offender->key.addr, source);
	say(json_pack("{s:s, s:s, s:f, s:I, s:I, s:s}", "event", "spare", "source", source,
		      "percent", share / 10.0, "entries", (json_int_t)offender->entries,
		      "of", (json_int_t)of, "why", why),
	    "spare %s, which has %u.%u%% of the table (%u of %llu entries): %s", source,
	    share / 10, share % 10, offender->entries, (unsigned long long)of, why);
}

/* Puts all in the sets, in one transaction; if that fails, each on its own. */
static void put_in_sets(struct offender **banned, unsigned int n, uint64_t of)
{
	struct nftset_item items[OFFENDERS_MAX];
	char text[512];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < n; i++) {
		items[i].set = set_for(&banned[i]->key);
		items[i].key = &banned[i]->key;
	}
	if (!dry_run)
		ret = nftset_add(&nf, &nftable, items, n, timeout_s * 1000ULL);
	for (i = 0; i < n; i++) {
		int error = ret;

		if (ret && n > 1)
			error = nftset_add(&nf, &nftable, &items[i], 1, timeout_s * 1000ULL);
		/* Somebody else was first */
		if (error == -EEXIST)
			error = 0;
		if (error) {
			snprintf(text, sizeof(text), "cannot ban: --set %s: %s",
				 items[i].set->name, error == -ENFILE || error == -ENOSPC ?
				 "it is full; make it with a larger \"size\"" :
				 strerror(-error));
			trouble(text);
			continue;
		}
		banned[i]->evict = evict && !dry_run;
		told(banned[i], of);
	}
}

/* Those that hold so much of @of entries that they are to be banned */
static int find_offenders(uint32_t max, uint64_t *of)
{
	const struct slot *top[OFFENDERS_MAX];
	static struct table table;
	unsigned int found, i;
	int ret;

	n_offenders = 0;
	ret = table_read(&table, &nf, BY_SRC, AF_UNSPEC);
	if (ret)
		return ret;
	/* Of the limit: not of the entries, or evicting one would make others' share grow */
	*of = max ? max : table.total;
	found = table_top(&table, top, OFFENDERS_MAX);
	for (i = 0; i < found && top[i]->entries * 100ULL >= *of * min_share; i++)
		offenders[n_offenders++] = (struct offender){
			.key = top[i]->key,
			.entries = top[i]->entries,
		};
	table_free(&table);
	return 0;
}

static void judge(uint32_t max)
{
	struct offender *banned[OFFENDERS_MAX];
	unsigned int n = 0, i;
	bool evicting = false;
	struct nets own = { 0 };
	char text[512];
	uint64_t of;
	int ret;

	ret = own_addresses(&own);
	if (ret) {
		snprintf(text, sizeof(text), "cannot read this machine's addresses: %s",
			 strerror(-ret));
		goto out;
	}
	ret = find_offenders(max, &of);
	if (ret) {
		snprintf(text, sizeof(text), "%s", conntrack_error(ret));
		goto out;
	}
	ret = look_up_sets(text, sizeof(text));
	if (ret)
		goto out;
	for (i = 0; i < n_offenders; i++) {
		struct offender *offender = &offenders[i];
		const struct nftset *set = set_for(&offender->key);

		if (in_nets(&own, &offender->key)) {
			spared(offender, of, "it is this machine's address");
		} else if (in_nets(&never, &offender->key)) {
			spared(offender, of, "--never");
		} else if (!set) {
			spared(offender, of, "no --set is for such addresses");
		} else if (nftset_has(&nf, &nftable, set, &offender->key) == 1) {
			/* By this or by another guard, or by hand */
			offender->evict = evict && !dry_run;
		} else if (!dry_run || note(&offender->key)) {
			banned[n++] = offender;
		}
	}
	if (n)
		put_in_sets(banned, n, of);
	for (i = 0; i < n_offenders; i++)
		evicting |= offenders[i].evict;
	if (evicting)
		evict_offenders();
out:
	if (ret)
		trouble(text);
	free(own.list);
}

static void round_of_guard(void)
{
	struct report figures;
	int ret;

	last_round = now_ms();
	due = 0;
	troubled = false;
	ret = ctfull_read(&figures, NULL, 0);
	/* Its coming is told. */
	if (ret == -ENOENT)
		return;
	if (!ret && figures.level == CTFULL_LEVEL_NORMAL) {
		level = CTFULL_LEVEL_NORMAL;
		*last_trouble = 0;
		return;
	}
	if (ret) {
		trouble(ctfull_error(ret));
	} else {
		level = figures.level;
		ret = nl_open(&nf, NETLINK_NETFILTER);
		if (ret)
			trouble(strerror(-ret));
		else
			judge(figures.max);
		nl_close(&nf);
	}
	if (!troubled)
		*last_trouble = 0;
	due = now_ms() + interval_s * 1000LL;
}

static void wake(void)
{
	long long soon = last_round + ROUND_GAP_MS;

	if (!due || due > soon)
		due = soon;
}

static void on_event(const struct report *event, uint64_t lost,
		     void *data __attribute__((unused)))
{
	/* Refused while all is well: word of the level was lost, or it is a reserve's. */
	if (lost || (event->cmd == CTFULL_CMD_REFUSED && level == CTFULL_LEVEL_NORMAL) ||
	    (event->cmd == CTFULL_CMD_LEVEL && event->level != CTFULL_LEVEL_NORMAL))
		wake();
}

/* --- Options --- */

static void parse_table(const char *text)
{
	static const struct {
		const char *name;
		uint8_t family;
	} families[] = {
		{ "ip", NFPROTO_IPV4 },
		{ "ip6", NFPROTO_IPV6 },
		{ "inet", NFPROTO_INET },
		{ "bridge", NFPROTO_BRIDGE },
		{ "netdev", NFPROTO_NETDEV },
	};
	const char *slash = strchr(text, '/');
	unsigned int i;

	for (i = 0; slash && i < ARRAY_SIZE(families); i++)
		if (strlen(families[i].name) == (size_t)(slash - text) &&
		    !strncmp(text, families[i].name, slash - text))
			nftable.family = families[i].family;
	if (!nftable.family || !slash[1] || strlen(slash + 1) >= sizeof(nftable.name))
		die("--table %s: FAMILY/TABLE is needed; FAMILY: ip, ip6, inet, bridge, netdev",
		    text);
	snprintf(nftable.name, sizeof(nftable.name), "%s", slash + 1);
}

static void parse_set_name(const char *text)
{
	if (n_sets == 2)
		die("--set %s: is the third; one of ipv4_addr and one of ipv6_addr can be used",
		    text);
	if (!*text || strlen(text) >= sizeof(nftable.name))
		die("--set %s: the name of a set is needed", text);
	sets[n_sets++].name = text;
}

static unsigned int parse_time(const char *text)
{
	static const char units[] = "smhd";
	static const unsigned int seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strspn(text, "0123456789");
	const char *unit = text[len] ? strchr(units, text[len]) : NULL;
	unsigned long value = len && len < 9 ? strtoul(text, NULL, 10) : 0;

	if (unit)
		value *= seconds[unit - units];
	if (!unit || text[len + 1] || !value || value > 365 * 86400)
		die("--timeout %s: a time such as 30s, 10m, 2h or 1d is needed, up to 365d",
		    text);
	return value;
}

static unsigned int parse_share(const char *text)
{
	char digits[8] = "";
	size_t len = strlen(text);

	if (len && len < sizeof(digits))
		memcpy(digits, text, text[len - 1] == '%' ? len - 1 : len);
	if (!*digits || strspn(digits, "0123456789") != strlen(digits) ||
	    atoi(digits) < 1 || atoi(digits) > 100)
		die("--min-share %s: 1%% to 100%% is needed", text);
	return atoi(digits);
}

/* What cannot become right by itself is told at once. */
static void check_sets(void)
{
	char why[512];
	int ret;

	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (ret)
		die("%s", strerror(-ret));
	ret = look_up_sets(why, sizeof(why));
	nl_close(&nf);
	if (ret == -ENOENT)
		trouble(why);
	else if (ret)
		die("%s", why);
}

static void guard(void)
{
	long long next, now;
	int ret;

	due = now_ms();
	for (;;) {
		now = now_ms();
		if (due && due <= now && events.present) {
			round_of_guard();
			now = now_ms();
		}
		next = reap_commands();
		if (due && events.present && (!next || due < next))
			next = due;
		/* Rounded up by one: not to wake just before */
		ret = events_wait(&events, !next ? -1 : next > now ? (int)(next - now) + 1 : 0,
				  on_event, NULL);
		if (ret < 0)
			die("%s", ctfull_error(ret));
		if (ret & EVENTS_STOP)
			return;
		if (ret & EVENTS_RESYNC)
			wake();
	}
}

int guard_main(int argc, char **argv)
{
	int c, ret;

	while ((c = getopt_long(argc, argv, "t:s:T:m:n:ex:i:djh", options, NULL)) != -1) {
		switch (c) {
		case 't':
			parse_table(optarg);
			break;
		case 's':
			parse_set_name(optarg);
			break;
		case 'T':
			timeout_s = parse_time(optarg);
			break;
		case 'm':
			min_share = parse_share(optarg);
			break;
		case 'n':
			parse_nets(&never, optarg);
			break;
		case 'e':
			evict = true;
			break;
		case 'x':
			command_line = optarg;
			break;
		case 'i':
			interval_s = number("--interval", optarg, 1, 3600);
			break;
		case 'd':
			dry_run = true;
			break;
		case 'j':
			json_lines = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	if (!nftable.family || !n_sets)
		die("--table FAMILY/TABLE and --set NAME are needed; %s", SEE_HELP);
	signal(SIGPIPE, SIG_IGN);
	check_sets();
	ret = events_open(&events);
	if (ret)
		die("%s", ctfull_error(ret));
	guard();
	free(never.list);
	return 0;
}
