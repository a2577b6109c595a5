// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull guard - bans, in a set of nftables, who holds too much of a table that fills
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/netfilter.h>
#include "../lib/options.h"
#include "../lib/program.h"
#include "ban.h"
#include "commands.h"
#include "conntrack.h"
#include "events.h"
#include "exec.h"

/* Not more often than so, however often the level changes */
#define ROUND_GAP_MS		500

/* Nobody tells when the last rule goes: so many intervals until it is noticed */
#define IDLE_INTERVALS		10

#define TCP_UNUSED		"TCP entries do not count without --unreplied"
#define LONGEST_NAME		"a name has up to 255 characters"

static struct bans bans = { .timeout_s = 600 };
static struct judgment how = { .min_share = 10 };
static bool unreplied;
static unsigned int interval_s = 5;

static struct events events;
static struct nl nf;

static long long next_look, last_look;	/* as now_ms() */
static bool busy;			/* the last look was followed by a round */
static bool warned_of_rules;		/* that there is none */
static bool refused_known;
static uint64_t refused;		/* packets, at the last look */

/* --- A round --- */

/* Is no TCP connection known to be no forgery? What cannot be read is taken for yes. */
static bool tcp_is_liberal(void)
{
	int ret = conntrack_liberal();

	if (ret < 0)
		warn_once("%s: nf_conntrack_tcp_be_liberal: %s", TCP_UNUSED, strerror(-ret));
	else if (ret)
		warn_once("%s: with nf_conntrack_tcp_be_liberal=1 a whole connection can be forged",
			  TCP_UNUSED);
	return ret;
}

static int count_sources(struct table *table)
{
	struct counting by = {
		.by = BY_SRC,
		.zones = true,
		.replied = !unreplied,
		.liberal = !unreplied && tcp_is_liberal(),
	};
	struct key *split = NULL;
	int ret;

	if (how.prefix6 < 128) {
		split = networks_to_split(&how, &by.n_split);
		by.split = split;
		by.prefix6 = how.prefix6;
	}
	ret = table_read(table, &nf, &by);
	free(split);
	return ret;
}

static void judge(struct fill *fill)
{
	struct offender offenders[OFFENDERS_MAX];
	const struct slot *top[2 * OFFENDERS_MAX];
	struct table table = { 0 };
	unsigned int n;
	int ret;

	ret = count_sources(&table);
	if (ret) {
		warn_once("%s", conntrack_error(ret));
	} else if (table.approximate) {
		/* What came twice would be banned at half the share. */
		warn_once("the kernel's hash table is being resized: nobody is banned meanwhile");
	} else {
		/* Of the limit: of the entries, to evict one would make others' share grow */
		if (!fill->whole)
			fill->whole = table.total;
		n = table_top(&table, top, OFFENDERS_MAX);
		n = find_offenders(&how, top, n, fill->whole, offenders);
		ban_offenders(&bans, &nf, offenders, n, fill);
	}
	table_free(&table);
}

/* What nobody can be banned without knowing is read in each round anew. */
static void guard_round(struct fill *fill)
{
	uint32_t catch_all;
	int ret;

	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (ret) {
		warn_once("%s", nl_error(ret));
		return;
	}
	ret = nets_add_local(&how.own, &catch_all);
	if (ret)
		warn_once("cannot read this machine's addresses: %s", strerror(-ret));
	if (catch_all)
		warn_once("table %u has a local route for everything, as TPROXY needs: %s",
			  catch_all, "it spares nobody; name with --never who must not be banned");
	if (!ret && bans_look_up_sets(&bans, &nf, &how, false))
		judge(fill);
	nets_free(&how.own);
	nl_close(&nf);
}

/* --- When there is one --- */

/* Without rules the kernel tells nobody; a limit and a count there always are. */
static int read_limits(struct report *figures)
{
	struct limits limits = { 0 };
	int ret;

	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (!ret)
		ret = conntrack_limits(&nf, &limits);
	nl_close(&nf);
	*figures = (struct report){ .count = limits.count, .max = limits.max };
	if (limits.max && limits.count >= limits.max)
		figures->level = CTFULL_LEVEL_FULL;
	else if (limits.max && limits.count * 100ULL >= limits.max * (uint64_t)XT_CTFULL_WARN_AT)
		figures->level = CTFULL_LEVEL_WARNING;
	return ret;
}

static void tell_of_rules(bool there)
{
	if (!there && !warned_of_rules)
		warnx("no rule with -j CTFULL in this network namespace: looking every %u s",
		      interval_s);
	else if (there && warned_of_rules)
		warnx("a rule with -j CTFULL was added");
	warned_of_rules = !there;
}

/* Is there something to do? Then does it. */
static void look(void)
{
	struct report figures;
	struct fill fill;
	int ret = -ENOENT;

	last_look = now_ms();
	/* Not asked for where it is not, which could load it */
	if (events.present)
		ret = report_read(&figures, NULL, 0);
	if (ret == -ENOENT)
		ret = read_limits(&figures);
	if (ret) {
		next_round(false);
		warn_once("%s", events.present ? report_error(ret) : conntrack_error(ret));
		next_look = now_ms() + interval_s * 1000LL;
		return;
	}
	tell_of_rules(figures.rules);
	/* A reserve refuses while there is room for others, and the level may be normal. */
	busy = figures.level != CTFULL_LEVEL_NORMAL ||
	       (refused_known && figures.refused > refused);
	refused = figures.refused;
	refused_known = true;
	next_round(!busy);
	if (busy) {
		fill.level = figures.level;
		fill.whole = figures.max;
		guard_round(&fill);
	}
	next_look = now_ms() + interval_s * 1000LL *
		    (busy || !figures.rules ? 1 : IDLE_INTERVALS);
}

static void look_soon(void)
{
	long long soon = last_look + ROUND_GAP_MS;

	if (next_look > soon)
		next_look = soon;
}

static void on_event(const struct report *event, uint64_t lost,
		     void *data __attribute__((unused)))
{
	/* Refused while all is well: word of the level was lost, or it is a reserve's. */
	if (lost || (event->cmd == CTFULL_CMD_REFUSED && !busy) ||
	    (event->cmd == CTFULL_CMD_LEVEL && event->level != CTFULL_LEVEL_NORMAL))
		look_soon();
}

/* Until a signal ends it */
static void guard(void)
{
	long long next, now;
	int seen;

	for (;;) {
		if (next_look <= now_ms())
			look();
		now = now_ms();
		next = exec_reap();
		if (!next || next_look < next)
			next = next_look;
		/* Rounded up by one: not to wake just before */
		seen = events_wait(&events, next > now ? (int)(next - now) + 1 : 0, on_event,
				   NULL);
		if (seen < 0)
			errx(EXIT_INTERRUPTED, "%s", report_error(seen));
		if (seen & EVENTS_END)
			return;
		if (seen & EVENTS_RESYNC)
			look_soon();
	}
}

/* --- Options --- */

static void parse_table(const struct opt *opt, const char *text)
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
	uint8_t family = 0;
	unsigned int i;

	for (i = 0; slash && i < ARRAY_SIZE(families); i++)
		if (strlen(families[i].name) == (size_t)(slash - text) &&
		    !strncmp(text, families[i].name, slash - text))
			family = families[i].family;
	if (!family || !slash[1])
		errx(EXIT_ERROR,
		     "--%s %s: must be FAMILY/TABLE; FAMILY is ip, ip6, inet, bridge or netdev",
		     opt->name, text);
	if (strlen(slash + 1) >= sizeof(bans.table.name))
		errx(EXIT_ERROR, "--%s %s: is too long; " LONGEST_NAME, opt->name, text);
	if (bans.table.family)
		errx(EXIT_ERROR, "--%s %s: is the second table; all sets must be in one",
		     opt->name, text);
	bans.table.family = family;
	bans.table.text = text;
	snprintf(bans.table.name, sizeof(bans.table.name), "%s", slash + 1);
}

static void parse_set_name(const struct opt *opt, const char *text)
{
	if (bans.n_sets == ARRAY_SIZE(bans.sets))
		errx(EXIT_ERROR,
		     "--%s %s: is the third set; one of ipv4_addr and one of ipv6_addr can be used",
		     opt->name, text);
	if (strlen(text) >= sizeof(bans.table.name))
		errx(EXIT_ERROR, "--%s %s: is too long; " LONGEST_NAME, opt->name, text);
	if (!*text)
		errx(EXIT_ERROR, "--%s: must not be empty", opt->name);
	bans.sets[bans.n_sets++].name = text;
}

static void parse_time(const struct opt *opt, const char *text)
{
	static const char units[] = "smhd";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strspn(text, "0123456789");
	const char *unit = text[len] ? strchr(units, text[len]) : NULL;
	uint64_t value = len && len < 9 ? strtoul(text, NULL, 10) : 0;

	if (unit)
		value *= seconds[unit - units];
	if (!unit || text[len + 1] || !value || value > 365 * 86400)
		errx(EXIT_ERROR, "--%s %s: must be a time such as 30s, 10m, 2h or 1d, up to 365d",
		     opt->name, text);
	bans.timeout_s = value;
}

static void parse_share(const struct opt *opt, const char *text)
{
	char digits[8];
	int len = strcspn(text, "%");

	snprintf(digits, sizeof(digits), "%.*s", len, text);
	if (len >= (int)sizeof(digits) || (text[len] && text[len + 1]) ||
	    !parse_number(digits, 1, 100, &how.min_share))
		errx(EXIT_ERROR, "--%s %s: must be 1%% to 100%%", opt->name, text);
}

static void parse_replied(const struct opt *opt __attribute__((unused)),
			  const char *text __attribute__((unused)))
{
	unreplied = false;
}

static void parse_never(const struct opt *opt __attribute__((unused)), const char *text)
{
	nets_parse(&how.never, "--never", text);
}

static const char usage[] =
	"usage: ctfull guard --table FAMILY/TABLE --set NAME [OPTION]...\n"
	"\n"
	"Waits until the connection tracking table fills up, then puts the sources that hold\n"
	"too much of it into a set of nftables, for a while. Rules say what becomes of them.\n";

static const struct opt options[] = {
	OPT('t', "table", "FAMILY/TABLE", "where the sets are, such as inet/filter", parse_table),
	OPT('s', "set", "NAME",
	    "a set of type ipv4_addr with \"flags timeout\", or of type\n"
	    "ipv6_addr with \"flags timeout, interval\"; may be given\n"
	    "twice, once for each type", parse_set_name),
	OPT('T', "timeout", "TIME", "a ban ends after so long: 30s, 10m, 2h or 1d [10m]",
	    parse_time),
	OPT('m', "min-share", "P%", "too much is so much of the table, 1% to 100% [10%]",
	    parse_share),
	OPT_NUMBER('6', "prefix6", "N", &bans.prefix6, 1, 128,
		   "IPv6 sources are networks of so many bits [64]"),
	OPT_NUMBER('z', "zone", "N", &how.zone, 0, UINT16_MAX,
		   "ban only who holds entries of this zone [0]"),
	OPT('r', "replied", NULL, "count entries that have seen a reply; the default",
	    parse_replied),
	OPT_FLAG('u', "unreplied", &unreplied,
		 "count all entries: forged packets can get anybody banned"),
	OPT('n', "never", "NET[,NET]...", "never ban these addresses, nor this machine's own",
	    parse_never),
	OPT_FLAG('e', "evict", &bans.evict, "delete the entries of who is banned"),
	OPT_TEXT('x', "exec", "COMMAND", &bans.exec, "run this for each ban; see ctfull(8)"),
	OPT_NUMBER('i', "interval", "SEC", &interval_s, 1, 3600,
		   "look again so often until there is room [5]"),
	OPT_FLAG('d', "dry-run", &bans.dry_run, "say what would be done, and do nothing"),
	OPT_FLAG('j', "json", &bans.json, "as JSON, an object per line"),
	{ 0 },
};

int guard_main(int argc, char **argv)
{
	int ret;

	options_parse(argc, argv, usage, options, NULL);
	if (!bans.table.family || !bans.n_sets)
		errx(EXIT_ERROR, "--table FAMILY/TABLE and --set NAME are needed; see --help");
	signal(SIGPIPE, SIG_IGN);
	exec_open();
	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (ret)
		errx(EXIT_INTERRUPTED, "%s", nl_error(ret));
	bans_look_up_sets(&bans, &nf, &how, true);
	nl_close(&nf);
	ret = events_open(&events, false);
	if (ret)
		errx(ret == -EPERM ? EXIT_ERROR : EXIT_INTERRUPTED, "%s", report_error(ret));
	guard();
	nets_free(&how.never);
	return 0;
}
