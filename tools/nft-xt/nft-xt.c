// SPDX-License-Identifier: GPL-2.0-only
/*
 * nft-xt - matches of xtables for a ruleset of nftables: packets that match get a mark, before
 * the ruleset sees them
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include <xtables.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include "../lib/netlink.h"
#include "../lib/options.h"
#include "../lib/output.h"
#include "../lib/program.h"
#include "../lib/service.h"
#include "../lib/xt_table.h"

#define TABLE		"nft-xt"
/* After the tracker, whose state many matches ask for, and before NAT and others' filters */
#define PRIORITY	(NF_IP_PRI_CONNTRACK + 1)
#define NAMES_MAX	256
#define FILE_MAX	1048576
#define EXIT_NOTHING	1

/* --- Lines of a file --- */

/**
 * struct line - a line of the file, in words
 * @number: from 1 on
 * @n: how many words
 * @words: without the quotes, ended by NULL
 * @columns: where each begins, and where the line ends; from 1 on
 */
struct line {
	unsigned int number, n;
	char *words[XT_RULE_WORDS + 1];
	unsigned int columns[XT_RULE_WORDS + 1];
};

/**
 * struct name - what a line calls its mark
 * @text: the name
 * @value: the mark's bits
 * @mask: which bits
 */
struct name {
	char *text;
	uint32_t value, mask;
};

static const char *path;
static struct name names[NAMES_MAX];
static unsigned int n_names;

__attribute__((noreturn, format(printf, 3, 4)))
static void refuse(const struct line *line, unsigned int word, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	errx(EXIT_ERROR, "%s:%u:%u: %s", path, line->number, line->columns[word], text);
}

/*
 * Splits @text, which is changed. Words have blanks between them; quotes, single or double, hold
 * what has blanks in it; # begins what is for people.
 */
static void split(struct line *line, char *text)
{
	const char *start = text;
	char *from, *to, quote;

	line->n = 0;
	for (from = text; *from; from++) {
		line->columns[0] = from - start + 1;
		if (iscntrl((unsigned char)*from) && *from != '\t')
			refuse(line, 0, "a control character, 0x%02x", *from);
	}
	for (from = text;;) {
		from += strspn(from, " \t");
		line->columns[line->n] = from - start + 1;
		if (!*from || *from == '#')
			break;
		if (line->n == XT_RULE_WORDS)
			refuse(line, line->n, "more than %u words", XT_RULE_WORDS);
		to = from;
		line->words[line->n] = to;
		quote = 0;
		for (; *from && (quote || !isblank((unsigned char)*from)); from++) {
			if (*from == quote)
				quote = 0;
			else if (!quote && (*from == '"' || *from == '\''))
				quote = *from;
			else
				*to++ = *from;
		}
		if (quote)
			refuse(line, line->n, "a quote %c that does not end", quote);
		if (*from)
			from++;
		*to = 0;
		line->n++;
	}
	line->words[line->n] = NULL;
}

/* VALUE or VALUE/MASK */
static void parse_mark(const struct line *line, unsigned int word, uint32_t *value, uint32_t *mask)
{
	const char *text = word < line->n ? line->words[word] : "";
	uintmax_t number = 0, bits = UINT32_MAX;
	char *end;

	if (!xtables_strtoul(text, &end, &number, 0, UINT32_MAX) ||
	    (*end == '/' && !xtables_strtoul(end + 1, &end, &bits, 0, UINT32_MAX)) || *end)
		refuse(line, word, "mark \"%s\": use VALUE/MASK, two numbers up to 0xffffffff",
		       text);
	if (!bits)
		refuse(line, word, "mark \"%s\": a mask without a bit", text);
	if (number & ~bits)
		refuse(line, word, "mark \"%s\": the value has bits that the mask has not", text);
	*value = number;
	*mask = bits;
}

/* nft takes such a name for a define. NAME_mask is the mask of NAME. */
static bool is_name(const char *text, size_t len)
{
	size_t i;

	if (len >= 5 && !memcmp(text + len - 5, "_mask", 5))
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	return isalpha((unsigned char)*text);
}

static void add_name(const struct line *line, const char *text, size_t len, uint32_t value,
		     uint32_t mask)
{
	struct name *name;

	for (name = names; name < names + n_names; name++) {
		if (strlen(name->text) != len || strncmp(name->text, text, len))
			continue;
		if (name->value != value || name->mask != mask)
			refuse(line, 0, "%s is the name of the mark 0x%x/0x%x already", name->text,
			       name->value, name->mask);
		return;
	}
	if (n_names == NAMES_MAX)
		refuse(line, 0, "more than %u names", NAMES_MAX);
	name->text = strndup(text, len);
	if (!name->text)
		no_memory();
	name->value = value;
	name->mask = mask;
	n_names++;
}

/* Which of @names the word is; -1: none */
static int one_of(const char *word, const char *const *names, unsigned int n)
{
	unsigned int i;

	for (i = 0; word && i < n; i++)
		if (!strcmp(word, names[i]))
			return i;
	return -1;
}

/* Extensions that are no use here, though the kernel may say no more than that it refuses them */
static void refuse_misplaced(const struct line *line, unsigned int word)
{
	static const char *const raw[] = { "CT", "CTFULL", "NOTRACK", "TRACE", "rpfilter" };
	static const char *const verdicts[] = { "ACCEPT", "DROP", "QUEUE", "RETURN", "NFQUEUE" };
	const char *name = line->words[word];

	if (one_of(name, raw, ARRAY_SIZE(raw)) >= 0)
		refuse(line, word,
		       "%s has its place before connection tracking, and this is after it: use iptables -t raw%s",
		       name, strcmp(name, "CTFULL") ? "" : ", or ctfull arm");
	if (one_of(name, verdicts, ARRAY_SIZE(verdicts)) >= 0)
		refuse(line, word, "%s is for the ruleset, which sees the mark", name);
}

static const char *const family_names[] = { "ip", "ip6" };
static const char *const chain_names[] = { "prerouting", "output" };

/* "-p PROTOCOL", at @word. Returns where the next words are. */
static unsigned int add_protocol(struct xt_rule *rule, const struct line *line, unsigned int word)
{
	uint8_t protocol;

	if (++word >= line->n)
		refuse(line, word - 1, "-p needs the name or number of a protocol");
	xt_table_place(path, line->number, line->columns + word);
	protocol = xt_protocol(line->words[word]);
	/* iptables' word for any of them */
	if (protocol)
		xt_rule_protocol(rule, protocol);
	if (++word == line->n)
		refuse(line, word, "which packets? A match is missing");
	return word;
}

/* The words from @word on, which are matches, and perhaps a target after them */
static void add_rule(struct xt_table *table, uint8_t family, const char *chain,
		     const struct line *line, unsigned int word, const char *text,
		     uint32_t value, uint32_t mask)
{
	struct xt_rule *rule;
	bool marked = false;

	xt_table_place(path, line->number, line->columns + word);
	rule = xt_table_rule(table, family, chain);
	xt_rule_comment(rule, text);
	if (!strcmp(line->words[word], "-p"))
		word = add_protocol(rule, line, word);
	while (word < line->n) {
		xt_table_place(path, line->number, line->columns + word);
		if (*line->words[word] == '-' || !strcmp(line->words[word], "!"))
			refuse(line, word, "\"%s\" is no name of a match or a target%s",
			       line->words[word],
			       strcmp(line->words[word], "-p") ? "" :
			       "; there is one -p, before the matches");
		refuse_misplaced(line, word);
		if (isupper((unsigned char)*line->words[word])) {
			xt_rule_counter(rule);
			xt_rule_mark(rule, value, mask);
			marked = true;
		}
		word += xt_rule_words(rule, (const char *const *)line->words + word);
		if (marked && word < line->n)
			refuse(line, word, "nothing follows the target");
	}
	if (!marked) {
		xt_rule_counter(rule);
		xt_rule_mark(rule, value, mask);
	}
}

static const char grammar[] =
	"[NAME:] [ip|ip6] [prerouting|output] mark VALUE/MASK MATCH OPTION... [TARGET OPTION...]";

static void parse_line(struct xt_table *table, struct line *line, char *text)
{
	const char *label = NULL;
	char *whole = strdup(text);
	uint32_t value, mask;
	unsigned int i, word = 0;
	int family, chain;

	if (!whole)
		no_memory();
	split(line, text);
	if (!line->n) {
		free(whole);
		return;
	}
	/* without what is for people */
	whole[line->columns[line->n] - 1] = 0;
	for (i = strlen(whole); i && isblank((unsigned char)whole[i - 1]); i--)
		whole[i - 1] = 0;
	if (*line->words[0] && line->words[0][strlen(line->words[0]) - 1] == ':') {
		label = line->words[word++];
		if (!is_name(label, strlen(label) - 1))
			refuse(line, 0,
			       "\"%s\": use letters, digits and _, a letter first, and no _mask at the end",
			       label);
	}
	family = one_of(line->words[word], family_names, ARRAY_SIZE(family_names));
	word += family >= 0;
	chain = one_of(line->words[word], chain_names, ARRAY_SIZE(chain_names));
	word += chain >= 0;
	if (word == line->n)
		refuse(line, word, "too short: a line is %s", grammar);
	if (strcmp(line->words[word], "mark"))
		refuse(line, word, "\"%s\": a line is %s", line->words[word], grammar);
	parse_mark(line, ++word, &value, &mask);
	if (++word == line->n)
		refuse(line, word, "which packets? A match is missing");
	if (label)
		add_name(line, label, strlen(label) - 1, value, mask);
	for (i = 0; i < XT_FAMILIES * ARRAY_SIZE(chain_names); i++) {
		unsigned int f = i / ARRAY_SIZE(chain_names), c = i % ARRAY_SIZE(chain_names);

		if ((family < 0 || family == (int)f) && (chain < 0 || chain == (int)c))
			add_rule(table, xt_families[f], chain_names[c], line, word,
				 whole + strspn(whole, " \t"), value, mask);
	}
	free(whole);
}

/* What the file has */
static char text[FILE_MAX];

/* Ends the program if the text is wrong. */
static void parse_text(struct xt_table *table)
{
	static struct line line;
	char *copy = strdup(text), *rest = copy, *at;
	size_t len;

	if (!copy)
		no_memory();
	while (n_names)
		free(names[--n_names].text);
	for (line.number = 1; (at = strsep(&rest, "\n")); line.number++) {
		len = strlen(at);
		if (len && at[len - 1] == '\r')
			at[len - 1] = 0;
		parse_line(table, &line, at);
	}
	xt_table_place(NULL, 0, NULL);
	free(copy);
}

/* --- Commands --- */

static struct xt_table table;

static void open_table(struct xt_table *table, const char *name, bool persists)
{
	unsigned int i;
	int ret = xt_table_open(table, name, persists);

	if (ret)
		errx(service_status(ret), "nf_tables: %s", nl_error(ret));
	for (i = 0; i < XT_FAMILIES; i++) {
		xt_table_chain(table, xt_families[i], "prerouting", "filter",
			       NF_INET_PRE_ROUTING, PRIORITY);
		/* A mark may be what a packet's route depends on. */
		xt_table_chain(table, xt_families[i], "output", "route", NF_INET_LOCAL_OUT,
			       PRIORITY);
	}
}

static void replace_rules(void)
{
	char why[512];

	xt_table_forget_rules(&table);
	parse_text(&table);
	if (xt_table_commit(&table, why, sizeof(why)))
		errx(EXIT_ERROR, "%s", why);
}

static void reload(void)
{
	if (!service_read(path, text, sizeof(text)) || !service_try(replace_rules))
		warnx("the rules stay as they were");
}

static const struct opt no_options[] = { { 0 } };

/* The argument that is a file, which is read */
static void take_file(int argc, char **argv, const char *usage)
{
	int at = argc > 2 && !strcmp(argv[1], "--") ? 2 : 1;

	if (argc > at && (at > 1 || *argv[at] != '-' || !argv[at][1])) {
		path = argv[at];
		argv[at] = argv[0];
		argc -= at;
		argv += at;
	}
	options_parse(argc, argv, usage, no_options, NULL);
	if (!path)
		errx(EXIT_ERROR, "which file? See --help");
	if (!service_read(path, text, sizeof(text)))
		exit(EXIT_ERROR);
}

static int load_main(int argc, char **argv)
{
	char why[512];
	int ret;

	take_file(argc, argv,
		  "usage: nft-xt load FILE\n"
		  "\n"
		  "Gives packets the marks that FILE says, as long as the program runs, whatever\n"
		  "becomes of other rules. SIGHUP reads FILE again, and all lines change in one\n"
		  "moment; if it is wrong, they stay.\n");
	service_start(true);
	open_table(&table, TABLE, true);
	parse_text(&table);
	ret = xt_table_commit(&table, why, sizeof(why));
	if (ret)
		errx(service_status(ret), "%s", why);
	service_run(reload);
	xt_table_close(&table);
	return 0;
}

static int check_main(int argc, char **argv)
{
	char why[512];

	take_file(argc, argv,
		  "usage: nft-xt check FILE\n"
		  "\n"
		  "Asks the kernel whether it would take the lines of FILE, and changes nothing.\n");
	/* Not by the name of the one that may be in force */
	open_table(&table, TABLE "-check", false);
	parse_text(&table);
	if (xt_table_check(&table, why, sizeof(why)))
		errx(EXIT_ERROR, "%s", why);
	return 0;
}

static int defines_main(int argc, char **argv)
{
	unsigned int i;

	take_file(argc, argv,
		  "usage: nft-xt defines FILE\n"
		  "\n"
		  "Prints the names of FILE's marks for nft's include: xt_NAME, and xt_NAME_mask.\n");
	open_table(&table, TABLE, false);
	parse_text(&table);
	for (i = 0; i < n_names; i++)
		/* Many a word is one of nft's; none begins so. */
		printf("define xt_%s = 0x%08x\ndefine xt_%s_mask = 0x%08x\n", names[i].text,
		       names[i].value, names[i].text, names[i].mask);
	flush_output();
	return 0;
}

static bool as_json;
static const struct opt list_options[] = {
	OPT_FLAG('j', "json", &as_json, "print JSON"),
	{ 0 },
};

static void add_listed(const struct xt_listed *rule, void *data)
{
	const char *family = rule->family == NFPROTO_IPV6 ? "ip6" : "ip";

	json_array_append_new(data, json_pack("{s:s s:s s:I s:I s:o}", "family", family,
					      "chain", rule->chain,
					      "packets", (json_int_t)rule->packets[0],
					      "bytes", (json_int_t)rule->bytes[0],
					      "line", json_name(rule->comment)));
}

static void print_text(const json_t *list)
{
	const char *family, *chain, *line;
	char plain[UTF8_LEN];
	json_int_t packets, bytes;
	json_t *item;
	size_t i;

	printf("%-3s  %-10s  %10s  %12s  %s\n", "", "", "packets", "bytes", "line");
	json_array_foreach(list, i, item) {
		if (json_unpack(item, "{s:s s:s s:I s:I s:s}", "family", &family, "chain", &chain,
				"packets", &packets, "bytes", &bytes, "line", &line))
			continue;
		name_text(line, plain, sizeof(plain));
		printf("%-3s  %-10s  %10lld  %12lld  %s\n", family, chain, (long long)packets,
		       (long long)bytes, plain);
	}
}

static int list_main(int argc, char **argv)
{
	json_t *list = json_array();
	static struct nl nl;
	struct xt_table_owner owner;
	int ret;

	options_parse(argc, argv,
		      "usage: nft-xt list [OPTION]...\n"
		      "\n"
		      "What lines are loaded, and how many packets each has marked.\n",
		      list_options, NULL);
	ret = xt_table_owner(TABLE, &owner);
	if (!ret && !owner.address && !owner.left)
		errx(EXIT_NOTHING, "no file is loaded");
	if (!ret)
		ret = nl_open(&nl, NETLINK_NETFILTER);
	/* Once more if the lines change meanwhile */
	while (!ret && (ret = xt_table_list(&nl, TABLE, add_listed, list)) == -EINTR) {
		json_array_clear(list);
		ret = 0;
	}
	nl_close(&nl);
	if (ret)
		errx(EXIT_ERROR, "%s", nl_error(ret));
	if (as_json)
		json_print(json_pack("{s:o s:O}", "process",
				     owner.address ? json_integer(owner.address) : json_null(),
				     "rules", list), JSON_INDENT(2));
	else
		print_text(list);
	if (owner.left)
		warnx("the process that loaded this was killed; nft-xt load takes its place");
	json_decref(list);
	flush_output();
	return 0;
}

static const struct command nft_xt_commands[] = {
	{ "load", "mark packets as a file says", load_main, true },
	{ "check", "would the kernel take the file?", check_main, false },
	{ "list", "what is loaded, with counters", list_main, false },
	{ "defines", "the marks' names for nft", defines_main, false },
	{ 0 },
};

static const struct program nft_xt = {
	.name = "nft-xt",
	.about = "Matches of xtables for a ruleset of nftables: packets that match get a mark.",
	.notes = "Exit status: 0; 1 if list finds nothing; 3 after an error; 4 if load had to\n"
		 "stop.\n",
	.commands = nft_xt_commands,
};

int main(int argc, char **argv)
{
	return program_run(&nft_xt, argc, argv);
}
