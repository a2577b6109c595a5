// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull arm - -j CTFULL beside any firewall: in nft tables of its own, which nobody else changes
 * or flushes as long as it runs
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wordexp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include "../lib/options.h"
#include "../lib/program.h"
#include "../lib/service.h"
#include "../lib/xt_table.h"
#include "arm.h"
#include "commands.h"
#include "nets.h"

/*
 * Behind all chains of the priority raw, before the tracker, which has the same one in IPv6. Of
 * hooks of equal priority, the one that came last is first: with raw's, rules with NOTRACK and
 * others of -j CT would come too late.
 */
#define PRIORITY		(NF_IP_PRI_CONNTRACK - 1)
#define FIRST_MAX		31
#define WORDS_MAX		33
#define FILE_MAX		65536

/**
 * struct first - whose packets may have the reserve
 * @source: from this network; NULL: from anywhere
 * @protocol: of this one; 0: of any
 * @protocol6: the same in IPv6
 * @port: to this port, or a later one; 0: to any
 * @last: the last of them
 */
struct first {
	const struct net *source;
	uint8_t protocol, protocol6;
	uint16_t port, last;
};

/* What the options say. CTFULL's own are kept as they are: its plugin reads them. */
static struct {
	const char *file;
	struct first first[FIRST_MAX];
	unsigned int n_first;
	struct nets sources;
	const char *words[WORDS_MAX + 1];
	unsigned int n_words;
	const char *reserve;
} settings;

static const struct {
	const char *name;
	uint8_t protocol, protocol6;
	bool ports;
} protocols[] = {
	{ "tcp", IPPROTO_TCP, IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, IPPROTO_UDP, true },
	{ "sctp", IPPROTO_SCTP, IPPROTO_SCTP, true },
	{ "dccp", IPPROTO_DCCP, IPPROTO_DCCP, true },
	{ "icmp", IPPROTO_ICMP, IPPROTO_ICMPV6, false },
	{ "esp", IPPROTO_ESP, IPPROTO_ESP, false },
	{ "gre", IPPROTO_GRE, IPPROTO_GRE, false },
};

/* --- Options --- */

static void add_word(const char *word)
{
	if (settings.n_words == WORDS_MAX)
		errx(EXIT_ERROR, "too many options");
	settings.words[settings.n_words++] = word;
}

/* One of CTFULL's */
static void take_word(const struct opt *opt, const char *text)
{
	char *name;

	if (asprintf(&name, "--%s", opt->name) < 0)
		no_memory();
	add_word(name);
	add_word(text);
}

/* PROTOCOL, PROTOCOL/PORT or PROTOCOL/PORT-PORT */
static void parse_protocol(struct first *first, const char *item)
{
	size_t len = strcspn(item, "/");
	unsigned int i, from, to;
	char *ports, *dash;

	for (i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strlen(protocols[i].name) == len && !strncmp(item, protocols[i].name, len))
			break;
	if (i == ARRAY_SIZE(protocols))
		errx(EXIT_ERROR,
		     "--first \"%s\": use PROTOCOL/PORT, PROTOCOL/PORT-PORT, PROTOCOL or from=NETWORK; protocols are tcp, udp, sctp, dccp, icmp, esp and gre",
		     item);
	first->protocol = protocols[i].protocol;
	first->protocol6 = protocols[i].protocol6;
	if (!item[len])
		return;
	if (!protocols[i].ports)
		errx(EXIT_ERROR, "--first \"%s\": %s has no ports", item, protocols[i].name);
	ports = strdup(item + len + 1);
	if (!ports)
		no_memory();
	dash = strchr(ports, '-');
	if (dash)
		*dash = 0;
	if (!parse_number(ports, 1, 65535, &from) ||
	    (dash && !parse_number(dash + 1, from, 65535, &to)))
		errx(EXIT_ERROR,
		     "--first \"%s\": a port is a number from 1 to 65535, and the second one not less than the first",
		     item);
	first->port = from;
	first->last = dash ? to : from;
	free(ports);
}

static void parse_first(const struct opt *opt __attribute__((unused)), const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	struct nets *sources = &settings.sources;
	unsigned int i;

	if (!copy)
		no_memory();
	while ((item = strsep(&rest, ","))) {
		if (settings.n_first == FIRST_MAX)
			errx(EXIT_ERROR, "--first: no more than %u", FIRST_MAX);
		i = settings.n_first++;
		memset(&settings.first[i], 0, sizeof(settings.first[i]));
		if (!strncmp(item, "from=", 5))
			nets_parse(sources, "--first from", item + 5);
		else
			parse_protocol(&settings.first[i], item);
	}
	free(copy);
}

static const char usage[] =
	"usage: ctfull arm [OPTION]...\n"
	"\n"
	"Counts, logs and reports the packets that a full connection tracking table refuses,\n"
	"and keeps room for others, beside any firewall: iptables, nftables, or none. This is\n"
	"-j CTFULL in nft tables of its own, for IPv4 and IPv6, as long as the program runs.\n";

static const struct opt options[] = {
	OPT('f', "first", "LIST", "who may also have the reserve, with commas between them:\n"
	    "PROTOCOL/PORT, PROTOCOL/PORT-PORT, PROTOCOL or from=NETWORK", parse_first),
	OPT('r', "reserve", "N", "keep the last N entries free of all others: a number, or N%\n"
	    "of nf_conntrack_max [10% with --first]", opt_text, .value = &settings.reserve),
	OPT('u', "on-full", "drop|untrack", "what to do with a packet that finds no room [drop]",
	    take_word),
	OPT('w', "warn-at", "N%", "report when the table is so full [90%]", take_word),
	OPT('p', "log-prefix", "TEXT", "begin each line of the log with this", take_word),
	OPT('l', "log-level", "LEVEL", "number or name [warning]", take_word),
	OPT('g', "nflog-group", "N", "to this group of nfnetlink_log, not the kernel's log",
	    take_word),
	OPT('R', "log-rate", "N[/UNIT]", "lines a second or minute, 0 for none [10/second]",
	    take_word),
	OPT('B', "log-burst", "N", "lines at once before that [20]", take_word),
	OPT_TEXT('o', "options", "FILE", &settings.file,
		 "take more options from FILE; again after SIGHUP, and then all\n"
		 "rules change in one moment. If FILE is wrong, they stay"),
	{ 0 },
};

static const char notes[] =
	"ctfull arm --first tcp/22,from=192.0.2.0/24 --log-prefix \"FULL: \"\n";

/* What a file has, with a shell's quotes; lines that begin with # are for people. */
static void parse_text(char *text)
{
	static wordexp_t words;
	unsigned int number = 0;
	char *line;
	int flags = WRDE_NOCMD | WRDE_UNDEF | WRDE_DOOFFS;

	/* Of the last time; what settings has of it is set anew. */
	if (words.we_wordv)
		wordfree(&words);
	words = (wordexp_t){ .we_offs = 1 };
	while ((line = strsep(&text, "\n"))) {
		number++;
		line += strspn(line, " \t");
		if (*line == '#')
			continue;
		if (wordexp(line, &words, flags))
			errx(EXIT_ERROR, "%s, line %u: put it into quotes, or close them",
			     settings.file, number);
		flags |= WRDE_APPEND;
	}
	if (!words.we_wordc)
		return;
	words.we_wordv[0] = program_invocation_short_name;
	optind = 0;
	options_parse(words.we_wordc + 1, words.we_wordv, usage, options, notes);
}

/* All options: the arguments, and after them those in @text */
static void parse_all(int argc, char **argv, char *text)
{
	const char *file;

	settings.n_first = 0;
	/* after the target's, names, each with its argument */
	for (; settings.n_words > 1; settings.n_words -= 2)
		free((char *)settings.words[settings.n_words - 2]);
	settings.words[0] = "CTFULL";
	settings.n_words = 1;
	settings.reserve = NULL;
	nets_free(&settings.sources);
	optind = 0;
	options_parse(argc, argv, usage, options, notes);
	file = settings.file;
	if (text)
		parse_text(text);
	if (settings.file != file)
		errx(EXIT_ERROR, "%s: --options cannot be in a file", file);
	if (settings.n_first && !settings.reserve)
		settings.reserve = "10%";
	settings.words[settings.n_words] = NULL;
}

/* --- Rules --- */

static void add_first(struct xt_table *table, uint8_t family, const char *chain,
		      const struct first *first, const struct net *source)
{
	bool ipv6 = family == NFPROTO_IPV6;
	struct xt_rule *rule;

	if (source && source->key.family != (ipv6 ? AF_INET6 : AF_INET))
		return;
	rule = xt_table_rule(table, family, chain);
	if (source && !source->all)
		xt_rule_source(rule, source->key.addr, key_bits(&source->key));
	if (first->protocol)
		xt_rule_protocol(rule, ipv6 ? first->protocol6 : first->protocol);
	if (first->port)
		xt_rule_port(rule, first->port, first->last);
	xt_rule_words(rule, settings.words);
	xt_rule_accept(rule);
}

static void add_rules(struct xt_table *table)
{
	static const char *const chains[] = { "prerouting", "output" };
	const char *words[WORDS_MAX + 3];
	unsigned int i, j, n, source;

	memcpy(words, settings.words, sizeof(settings.words));
	n = settings.n_words;
	if (settings.reserve) {
		words[n++] = "--reserve";
		words[n++] = settings.reserve;
	}
	words[n] = NULL;
	for (i = 0; i < XT_FAMILIES * ARRAY_SIZE(chains); i++) {
		uint8_t family = xt_families[i / 2];
		const char *chain = chains[i % 2];

		for (j = 0, source = 0; j < settings.n_first; j++)
			add_first(table, family, chain, &settings.first[j],
				  settings.first[j].protocol ? NULL :
				  &settings.sources.list[source++]);
		xt_rule_words(xt_table_rule(table, family, chain), words);
	}
}

static void add_chains(struct xt_table *table)
{
	unsigned int i;

	for (i = 0; i < XT_FAMILIES; i++) {
		xt_table_chain(table, xt_families[i], "prerouting", "filter",
			       NF_INET_PRE_ROUTING, PRIORITY);
		xt_table_chain(table, xt_families[i], "output", "filter",
			       NF_INET_LOCAL_OUT, PRIORITY);
	}
}

/* --- As a service --- */

/* The program's arguments, and what the file has now */
static struct {
	int argc;
	char **argv;
	char text[FILE_MAX];
} given;
static struct xt_table table;

static void replace_rules(void)
{
	char why[256];

	parse_all(given.argc, given.argv, given.text);
	xt_table_forget_rules(&table);
	add_rules(&table);
	if (xt_table_commit(&table, why, sizeof(why)))
		errx(EXIT_ERROR, "%s", why);
}

static void reload(void)
{
	if (!service_read(settings.file, given.text, sizeof(given.text)) ||
	    !service_try(replace_rules))
		warnx("the rules stay as they were");
}

int arm_main(int argc, char **argv)
{
	char why[256];
	int ret;

	given.argc = argc;
	given.argv = argv;
	parse_all(argc, argv, NULL);
	if (settings.file) {
		if (!service_read(settings.file, given.text, sizeof(given.text)))
			return EXIT_ERROR;
		parse_all(argc, argv, given.text);
	}

	service_start(settings.file);
	ret = xt_table_open(&table, ARM_TABLE, true);
	if (ret)
		errx(service_status(ret), "nf_tables: %s", strerror(-ret));
	add_chains(&table);
	add_rules(&table);
	ret = xt_table_commit(&table, why, sizeof(why));
	if (ret)
		errx(service_status(ret), "%s", why);
	service_run(settings.file ? reload : NULL);
	xt_table_close(&table);
	return 0;
}
