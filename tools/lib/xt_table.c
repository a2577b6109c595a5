// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of nftables that belong to the program, with matches and targets of xtables in
 * them: nf_tables' expressions "match" and "target" hold what libxtables makes of options.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <xtables.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include "program.h"
#include "xt_table.h"

/* What the rules of a batch may need; pages that are not used cost nothing. */
#define BATCH_SIZE	(8 << 20)
/* The most that a rule may need; add_size() */
#define RULE_SIZE	65536

/* NFT_TABLE_F_PERSIST, which the headers of Linux 6.9 and later have */
#define TABLE_PERSISTS	0x4

const uint8_t xt_families[XT_FAMILIES] = { NFPROTO_IPV4, NFPROTO_IPV6 };

/* --- Options, as libxtables parses them --- */

/*
 * Where the words stand that are being read, for messages: xt_table_place(), and the number of
 * the word
 */
static struct {
	const char *file;
	unsigned int line;
	const unsigned int *columns;
	unsigned int at;
} place;

/**
 * xt_table_place - where the words of the next rules stand, so that messages can say it
 * @file: NULL: in no file
 * @line: its line, from 1 on
 * @columns: of each of the words that xt_rule_words() is given, and of their end
 */
void xt_table_place(const char *file, unsigned int line, const unsigned int *columns)
{
	place.file = file;
	place.line = line;
	place.columns = columns;
	place.at = 0;
}

/* libxtables has no other way to say that something is wrong */
__attribute__((noreturn))
static void refuse_args(const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = 0;
	if (place.file)
		errx(EXIT_ERROR, "%s:%u:%u: %s", place.file, place.line,
		     place.columns[place.at], text);
	errx(EXIT_ERROR, "%s", text);
}

__attribute__((noreturn, format(printf, 1, 2)))
static void refuse_word(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse_args(format, args);
}

__attribute__((noreturn, format(printf, 2, 3)))
static void refuse(enum xtables_exittype status __attribute__((unused)), const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse_args(format, args);
}

/*
 * Does the kernel have this revision? Asked of nft_compat, because libxtables itself would
 * load ip_tables, which not all kernels have. What is not there at all is told when the
 * rule is made, with its options.
 */
static int compatible_revision(const char *name, uint8_t revision, int question)
{
	char buf[256] __attribute__((aligned(8))) = { 0 };
	bool ipv6 = question == IP6T_SO_GET_REVISION_MATCH ||
		    question == IP6T_SO_GET_REVISION_TARGET;
	bool target = question == IPT_SO_GET_REVISION_TARGET ||
		      question == IP6T_SO_GET_REVISION_TARGET;
	static struct nl nl;
	struct nlmsghdr *nlh;
	int ret;

	if (!revision)
		return 1;
	nlh = nfnl_message(buf, (NFNL_SUBSYS_NFT_COMPAT << 8) | NFNL_MSG_COMPAT_GET, 0,
			   ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	mnl_attr_put_strz(nlh, NFTA_COMPAT_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_COMPAT_REV, htonl(revision));
	mnl_attr_put_u32(nlh, NFTA_COMPAT_TYPE, htonl(target));
	ret = nl_open(&nl, NETLINK_NETFILTER);
	if (!ret)
		ret = nl_request(&nl, nlh, NULL, NULL);
	nl_close(&nl);
	return !ret;
}

static struct option no_options[] = { { 0 } };
static struct xtables_globals globals = {
	.program_version = VERSION,
	.orig_opts = no_options,
	.exit_err = refuse,
	.compat_rev = compatible_revision,
};

static void start_libxtables(uint8_t family)
{
	static bool started;

	globals.program_name = program_invocation_short_name;
	if (!started && xtables_init_all(&globals, family))
		errx(EXIT_ERROR, "libxtables cannot be used");
	started = true;
	xtables_set_nfproto(family);
}

/* What is parsed into: of a rule of iptables', extensions look at the protocol. */
static union {
	struct ipt_entry ipv4;
	struct ip6t_entry ipv6;
} entry;

static void set_entry(const struct xt_rule *rule)
{
	memset(&entry, 0, sizeof(entry));
	if (rule->family == NFPROTO_IPV6) {
		entry.ipv6.ipv6.proto = rule->protocol;
		entry.ipv6.ipv6.flags = rule->protocol ? IP6T_F_PROTO : 0;
	} else {
		entry.ipv4.ip.proto = rule->protocol;
	}
}

/*
 * @words: options and their arguments, ended by NULL; @name stands for the program's. Returns
 * how many of them were taken: all, or those before one that is no option.
 */
static unsigned int parse_words(const char *name, const char *const *words,
				struct xtables_match *match, struct xtables_target *target)
{
	char *argv[XT_RULE_WORDS + 2] = { (char *)name };
	unsigned int base = place.at;
	int argc, letter, word, messages = opterr;
	bool invert = false;

	for (argc = 1; words[argc - 1]; argc++) {
		if (argc == (int)ARRAY_SIZE(argv) - 1)
			refuse_word("%s: too many options", name);
		/* getopt_long() moves the words, and changes none. */
		argv[argc] = (char *)words[argc - 1];
	}
	optind = 0;
	opterr = 0;
	for (;;) {
		/* It stays there while a word has more short options. */
		word = optind ? optind : 1;
		place.at = base + word;
		letter = getopt_long(argc, argv, "-:", globals.opts ? globals.opts : no_options,
				     NULL);
		if (letter == -1 && word < argc)
			refuse_word("%s: unexpected \"%s\"", name, argv[word]);
		if (letter == -1 || (letter == 1 && strcmp(optarg, "!")))
			break;
		if (letter == '?')
			refuse_word("%s: unknown option \"%s\"", name, argv[word]);
		if (letter == ':')
			refuse_word("%s: %s needs an argument", name, argv[word]);
		if (letter == 1 && invert)
			refuse_word("%s: no option follows \"!\"", name);
		if (letter == 1) {
			invert = true;
			continue;
		}
		if (match)
			xtables_option_mpcall(letter, argv, invert, match, &entry);
		else
			xtables_option_tpcall(letter, argv, invert, target, &entry);
		invert = false;
	}
	if (invert)
		refuse_word("%s: no option follows \"!\"", name);
	opterr = messages;
	place.at = base;
	xtables_free_opts(1);
	return word - 1;
}

/* What is in globals.opts then, and nothing else, is freed by libxtables. */
static void merge_options(const struct xt_option_entry *entries, const struct option *options,
			  unsigned int *offset)
{
	if (entries)
		globals.opts = xtables_options_xfrm(globals.orig_opts, globals.opts, entries,
						    offset);
	else if (options)
		globals.opts = xtables_merge_options(globals.orig_opts, globals.opts, options,
						     offset);
	if ((entries || options) && !globals.opts)
		no_memory();
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV6 ? "IPv6" : "IPv4";
}

static void *scratch(void *old, size_t size)
{
	free(old);
	return size ? xtables_calloc(1, size) : NULL;
}

/* --- Rules --- */

static struct nftnl_expr *add_part(struct xt_rule *rule, const char *kind, const char *text)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(kind);

	if (!expr)
		no_memory();
	if (rule->n == XT_RULE_PARTS)
		refuse_word("a rule with too many parts");
	rule->columns[rule->n] = place.file ? place.columns[place.at] : 0;
	rule->text[rule->n] = strdup(text);
	if (!rule->text[rule->n++])
		no_memory();
	nftnl_rule_add_expr(rule->rule, expr);
	return expr;
}

/* "-m ctstate2 --state INVALID": the first @n words */
static void join(char *text, size_t size, const char *flag, const char *const *words,
		 unsigned int n)
{
	size_t len = snprintf(text, size, "%s", flag);

	for (; n && len < size; n--, words++)
		len += snprintf(text + len, size - len, " %s", *words);
}

/* All expressions of a rule are in one attribute, whose length has 16 bits. */
static void add_size(struct xt_rule *rule, size_t size)
{
	rule->size += size;
	if (rule->size > RULE_SIZE / 2)
		refuse_word("a rule that is too long");
}

static void *copy(const void *data, size_t len)
{
	void *new = malloc(len + !len);

	if (!new)
		no_memory();
	return memcpy(new, data, len);
}

__attribute__((noreturn))
static void no_plugin(const char *kind, const char *name, uint8_t family)
{
	refuse_word("iptables has no plugin for %s %s of %s: install it, or see XTABLES_LIBDIR",
		    kind, name, family_name(family));
}

static_assert(sizeof(struct xt_entry_match) == sizeof(struct xt_entry_target) &&
	      offsetof(struct xt_entry_match, data) == offsetof(struct xt_entry_target, data),
	      "a target's header is as a match's");

/* What the kernel gets of a match, or of a target, without its options */
static void *new_entry(const char *name, uint8_t revision, size_t size)
{
	struct xt_entry_match *entry;

	size += XT_ALIGN(sizeof(*entry));
	entry = xtables_calloc(1, size);
	entry->u.match_size = size;
	entry->u.user.revision = revision;
	snprintf(entry->u.user.name, sizeof(entry->u.user.name), "%s", name);
	return entry;
}

/* Adds it to a rule, once it has its options: the first @n words. */
static void add_entry(struct xt_rule *rule, bool target, const void *data, size_t size,
		      const char *const *words, unsigned int n)
{
	const struct xt_entry_match *entry = data;
	struct nftnl_expr *expr;
	char text[128];

	join(text, sizeof(text), target ? "-j" : "-m", words, n);
	expr = add_part(rule, target ? "target" : "match", text);
	nftnl_expr_set_str(expr, target ? NFTNL_EXPR_TG_NAME : NFTNL_EXPR_MT_NAME,
			   entry->u.user.name);
	nftnl_expr_set_u32(expr, target ? NFTNL_EXPR_TG_REV : NFTNL_EXPR_MT_REV,
			   entry->u.user.revision);
	add_size(rule, size);
	/* libnftnl keeps the copy, and frees it */
	nftnl_expr_set(expr, target ? NFTNL_EXPR_TG_INFO : NFTNL_EXPR_MT_INFO,
		       copy(entry->data, size), size);
}

/* Returns how many words are @words[0]'s, with itself */
static unsigned int add_match(struct xt_rule *rule, const char *const *words)
{
	struct xtables_rule_match *matches = NULL;
	struct xtables_match *match;
	unsigned int n;

	match = xtables_find_match(words[0], XTF_TRY_LOAD, &matches);
	if (!match)
		no_plugin("the match", words[0], rule->family);
	match->m = new_entry(match->real_name ? match->real_name : match->name, match->revision,
			     match->size);
	match->udata = scratch(match->udata, match->udata_size);
	match->mflags = 0;
	if (match->init)
		match->init(match->m);
	merge_options(match->x6_options, match->extra_opts, &match->option_offset);
	n = 1 + parse_words(words[0], words + 1, match, NULL);
	xtables_option_mfcall(match);

	add_entry(rule, false, match->m, match->size, words, n);
	xtables_rule_matches_free(&matches);
	return n;
}

static unsigned int add_target(struct xt_rule *rule, const char *const *words)
{
	struct xtables_target *target;
	unsigned int n;

	target = xtables_find_target(words[0], XTF_TRY_LOAD);
	if (!target)
		no_plugin("the target", words[0], rule->family);
	target->t = new_entry(target->real_name ? target->real_name : target->name,
			      target->revision, target->size);
	target->udata = scratch(target->udata, target->udata_size);
	target->tflags = 0;
	if (target->init)
		target->init(target->t);
	merge_options(target->x6_options, target->extra_opts, &target->option_offset);
	n = 1 + parse_words(words[0], words + 1, NULL, target);
	xtables_option_tfcall(target);

	add_entry(rule, true, target->t, target->size, words, n);
	free(target->t);
	target->t = NULL;
	target->used = 0;
	return n;
}

/**
 * xt_rule_words - add a match of xtables, as "-m" does for iptables, or a target, as "-j" does
 * @rule: the rule
 * @words: its name, which has a capital first if it is a target's, and its options and their
 *	arguments, ended by NULL; "!" is a word of its own
 *
 * Ends the program if they are wrong. Returns how many words it took: all, or those before one
 * that is no option.
 */
unsigned int xt_rule_words(struct xt_rule *rule, const char *const *words)
{
	unsigned int n;

	start_libxtables(rule->family);
	set_entry(rule);
	n = isupper((unsigned char)**words) ? add_target(rule, words) : add_match(rule, words);
	place.at += n;
	return n;
}

static void add_cmp(struct xt_rule *rule, const char *text, uint32_t op, const void *data,
		    size_t len)
{
	struct nftnl_expr *expr = add_part(rule, "cmp", text);

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, data, len);
}

static void add_meta(struct xt_rule *rule, const char *text, uint32_t key)
{
	struct nftnl_expr *expr = add_part(rule, "meta", text);

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void add_payload(struct xt_rule *rule, const char *text, uint32_t base, uint32_t offset,
			uint32_t len)
{
	struct nftnl_expr *expr = add_part(rule, "payload", text);

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

/**
 * xt_rule_protocol - add a comparison of the protocol, behind IPv6's extension headers
 * @rule: the rule; matches that come later may be such as are for one protocol
 * @protocol: IPPROTO_*
 */
void xt_rule_protocol(struct xt_rule *rule, uint8_t protocol)
{
	rule->protocol = protocol;
	nftnl_rule_set_u32(rule->rule, NFTNL_RULE_COMPAT_PROTO, protocol);
	nftnl_rule_set_u32(rule->rule, NFTNL_RULE_COMPAT_FLAGS, 0);
	add_meta(rule, "the protocol", NFT_META_L4PROTO);
	add_cmp(rule, "the protocol", NFT_CMP_EQ, &protocol, sizeof(protocol));
}

/**
 * xt_protocol - read a protocol's name or number
 * @text: as iptables -p takes it; ends the program if it is wrong
 *
 * Returns IPPROTO_*.
 */
uint8_t xt_protocol(const char *text)
{
	start_libxtables(NFPROTO_IPV4);
	return xtables_parse_protocol(text);
}

/**
 * xt_rule_port - add a comparison of the destination port
 * @rule: the rule, of a protocol that has ports
 * @first: the least
 * @last: the greatest
 */
void xt_rule_port(struct xt_rule *rule, uint16_t first, uint16_t last)
{
	first = htons(first);
	last = htons(last);
	add_payload(rule, "the port", NFT_PAYLOAD_TRANSPORT_HEADER, 2, sizeof(first));
	add_cmp(rule, "the port", first == last ? NFT_CMP_EQ : NFT_CMP_GTE, &first,
		sizeof(first));
	if (first != last)
		add_cmp(rule, "the port", NFT_CMP_LTE, &last, sizeof(last));
}

/**
 * xt_rule_source - add a comparison of the source address
 * @rule: the rule
 * @addr: an address of its family, of which the bits that do not count are 0
 * @bits: how many of them count
 */
void xt_rule_source(struct xt_rule *rule, const void *addr, unsigned int bits)
{
	bool ipv6 = rule->family == NFPROTO_IPV6;
	uint32_t len = ipv6 ? 16 : 4;
	uint8_t mask[16] = { 0 }, zero[16] = { 0 };
	struct nftnl_expr *expr;
	unsigned int i;

	for (i = 0; i < bits; i++)
		mask[i / 8] |= 0x80 >> i % 8;
	add_payload(rule, "the source", NFT_PAYLOAD_NETWORK_HEADER, ipv6 ? 8 : 12, len);
	expr = add_part(rule, "bitwise", "the source");
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zero, len);
	add_cmp(rule, "the source", NFT_CMP_EQ, addr, len);
}

/**
 * xt_rule_accept - what gets here skips the rest of the chain
 */
void xt_rule_accept(struct xt_rule *rule)
{
	struct nftnl_expr *expr = add_part(rule, "immediate", "accept");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
}

/**
 * xt_rule_mark - set some bits of the packet's mark
 * @rule: the rule
 * @value: what they are set to
 * @mask: which bits
 */
void xt_rule_mark(struct xt_rule *rule, uint32_t value, uint32_t mask)
{
	const char *text = "the mark";
	struct nftnl_expr *expr;
	uint32_t others = ~mask;

	add_meta(rule, text, NFT_META_MARK);
	expr = add_part(rule, "bitwise", text);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(others));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &others, sizeof(others));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &value, sizeof(value));
	expr = add_part(rule, "meta", text);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

/**
 * xt_rule_comment - say what the rule is for; `nft list ruleset` shows it
 * @rule: the rule
 * @text: what is longer than XT_COMMENT_LEN is cut off
 */
void xt_rule_comment(struct xt_rule *rule, const char *text)
{
	struct nftnl_udata_buf *udata = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);
	char cut[XT_COMMENT_LEN + 1];

	if (!udata)
		no_memory();
	snprintf(cut, sizeof(cut), "%s", text);
	nftnl_udata_put_strz(udata, NFTNL_UDATA_RULE_COMMENT, cut);
	nftnl_rule_set_data(rule->rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(udata),
			    nftnl_udata_buf_len(udata));
	nftnl_udata_buf_free(udata);
}

/**
 * xt_rule_interface - add a comparison of the interface's name
 * @rule: the rule
 * @out: the one that the packet leaves by, else the one that it came by
 * @equal: it is to be this one, else another one
 * @name: up to 15 bytes
 */
void xt_rule_interface(struct xt_rule *rule, bool out, bool equal, const char *name)
{
	char padded[IFNAMSIZ] = { 0 };

	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	add_meta(rule, "the interface", out ? NFT_META_OIFNAME : NFT_META_IIFNAME);
	add_cmp(rule, "the interface", equal ? NFT_CMP_EQ : NFT_CMP_NEQ, padded, sizeof(padded));
}

/**
 * xt_rule_counter - add a counter, for xt_table_counters()
 */
void xt_rule_counter(struct xt_rule *rule)
{
	add_part(rule, "counter", "a counter");
}

/**
 * xt_rule_limit - what follows is for so many packets at most
 * @rule: the rule
 * @per_second: how many in a second
 * @burst: and how many more at once
 */
void xt_rule_limit(struct xt_rule *rule, uint64_t per_second, uint32_t burst)
{
	struct nftnl_expr *expr = add_part(rule, "limit", "a limit");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_RATE, per_second);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_LIMIT_UNIT, 1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_BURST, burst);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LIMIT_FLAGS, 0);
}

/* --- Tables --- */

/* In a user namespace, as much as the machine's administrator gives everybody */
static void make_room(struct mnl_socket *sock, int force, int ask)
{
	int fd = mnl_socket_get_fd(sock);
	int room = BATCH_SIZE;

	if (setsockopt(fd, SOL_SOCKET, force, &room, sizeof(room)))
		setsockopt(fd, SOL_SOCKET, ask, &room, sizeof(room));
}

/**
 * xt_table_open - begin tables, of which the kernel knows nothing before xt_table_commit()
 * @table: the tables
 * @name: their name
 * @persists: they stay if the program is killed, where the kernel has that (Linux 6.9), until
 *	this is called again with their name, or somebody deletes or flushes them
 *
 * Returns 0 or a negative errno. xt_table_close() is allowed in either case.
 */
int xt_table_open(struct xt_table *table, const char *name, bool persists)
{
	int on = 1;
	int ret;

	table->n_chains = 0;
	table->n_rules = 0;
	table->made = false;
	table->persists = persists;
	snprintf(table->name, sizeof(table->name), "%s", name);
	ret = nl_open(&table->nl, NETLINK_NETFILTER);
	if (ret)
		return ret;
	/* Which part of a rule an error is about, but not the whole rule */
	mnl_socket_setsockopt(table->nl.sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(table->nl.sock, NETLINK_CAP_ACK, &on, sizeof(on));
	/* All rules are one message, and each may have an error. */
	make_room(table->nl.sock, SO_SNDBUFFORCE, SO_SNDBUF);
	make_room(table->nl.sock, SO_RCVBUFFORCE, SO_RCVBUF);
	return 0;
}

/**
 * xt_table_forget_rules - begin again with the rules; the kernel keeps those that it has
 * until xt_table_commit()
 */
void xt_table_forget_rules(struct xt_table *table)
{
	struct xt_rule *rule;

	while (table->n_rules) {
		rule = &table->rules[--table->n_rules];
		nftnl_rule_free(rule->rule);
		while (rule->n)
			free(rule->text[--rule->n]);
	}
}

/**
 * xt_table_chain - add a base chain, which accepts what its rules do not stop
 * @table: the tables
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6: which of the two. Not NFPROTO_INET, in which the
 *	kernel does not load xtables' modules, and finds none that are for one family
 * @name: the chain's
 * @type: "filter"; or "route", in NF_INET_LOCAL_OUT, if the rules change what the route depends
 *	on
 * @hook: NF_INET_*
 * @priority: in the hook
 */
void xt_table_chain(struct xt_table *table, uint8_t family, const char *name,
		    const char *type, unsigned int hook, int priority)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain || nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table->name) ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name) ||
	    nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, type))
		no_memory();
	if (table->n_chains == XT_TABLE_CHAINS)
		errx(EXIT_ERROR, "too many chains");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, family);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
	table->chains[table->n_chains++] = chain;
}

/**
 * xt_table_rule - add a rule, at the end of a chain
 * @table: the tables
 * @family: the chain's
 * @chain: the chain's name
 *
 * Returns the rule, which does nothing yet.
 */
struct xt_rule *xt_table_rule(struct xt_table *table, uint8_t family, const char *chain)
{
	struct xt_rule *rule = &table->rules[table->n_rules];

	if (table->n_rules == XT_TABLE_RULES)
		refuse_word("too many rules");
	rule->rule = nftnl_rule_alloc();
	if (!rule->rule || nftnl_rule_set_str(rule->rule, NFTNL_RULE_TABLE, table->name) ||
	    nftnl_rule_set_str(rule->rule, NFTNL_RULE_CHAIN, chain))
		no_memory();
	nftnl_rule_set_u32(rule->rule, NFTNL_RULE_FAMILY, family);
	rule->family = family;
	rule->protocol = 0;
	rule->size = 0;
	rule->n = 0;
	rule->file = place.file;
	rule->line = place.line;
	table->n_rules++;
	return rule;
}

static bool has_family(const struct xt_table *table, uint8_t family)
{
	unsigned int i;

	for (i = 0; i < table->n_chains; i++)
		if (nftnl_chain_get_u32(table->chains[i], NFTNL_CHAIN_FAMILY) == family)
			return true;
	return false;
}

/* Which expression of a rule's message @offset is in; -1: in none */
static int part_at(const struct nlmsghdr *nlh, uint32_t offset)
{
	const struct nlattr *attr, *part;
	const char *at = (const char *)nlh + offset;
	int i;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_RULE_EXPRESSIONS)
			continue;
		i = 0;
		mnl_attr_for_each_nested(part, attr) {
			if (at >= (const char *)part &&
			    at < (const char *)part + MNL_ALIGN(part->nla_len))
				return i;
			i++;
		}
	}
	return -1;
}

/**
 * struct failure - the first error that the kernel had
 * @error: a negative errno; 0: none
 * @nlh: the message that it is about; NULL: the whole
 * @offset: what of the message; 0: not said
 */
struct failure {
	int error;
	const struct nlmsghdr *nlh;
	uint32_t offset;
};

static void why_rule(const struct xt_rule *rule, const struct failure *failure, char *why,
		     size_t size)
{
	int i = part_at(failure->nlh, failure->offset);
	bool known = i >= 0 && i < (int)rule->n;
	const char *text = known ? rule->text[i] : "a rule";
	const char *family = family_name(rule->family);
	int len = 0;

	if (rule->file)
		len = snprintf(why, size, "%s:%u:%u: ", rule->file, rule->line,
			       known ? rule->columns[i] : 1);
	if (len >= (int)size)
		return;
	why += len;
	size -= len;
	if (failure->error == -ENOENT && *text == '-')
		snprintf(why, size,
			 "%s: the kernel does not have it for %s: see if its module can be loaded (modprobe xt_%.*s), and nft_compat",
			 text, family, (int)strcspn(text + 3, " "), text + 3);
	else if (failure->error == -EINVAL || failure->error == -EOPNOTSUPP)
		snprintf(why, size, "%s: the kernel refuses it for %s; its log (dmesg) says why",
			 text, family);
	else
		snprintf(why, size, "%s: %s", text, nl_error(failure->error));
}

static void why_table(const struct xt_table *table, const struct failure *failure, char *why,
		      size_t size)
{
	if (!failure->nlh && (failure->error == -EINVAL || failure->error == -EOPNOTSUPP))
		/* nfnetlink's answer where nobody has registered for it */
		snprintf(why, size, "the kernel has no nf_tables: load it (modprobe nf_tables)");
	else if (failure->nlh && NFNL_MSG_TYPE(failure->nlh->nlmsg_type) == NFT_MSG_NEWTABLE &&
		 (failure->error == -EOPNOTSUPP || failure->error == -EINVAL))
		snprintf(why, size,
			 "the kernel has no tables that go with their program: Linux 5.12 or newer is needed");
	else if (!failure->nlh && failure->error == -EMSGSIZE)
		snprintf(why, size,
			 "all rules are too long for one message: fewer, or a greater sysctl net.core.wmem_max");
	else if (failure->nlh && failure->error == -EPERM)
		snprintf(why, size, "another program has the nft table %s", table->name);
	else if (failure->nlh && failure->error == -EEXIST)
		snprintf(why, size,
			 "somebody has made an nft table %s, which is no program's: delete it first",
			 table->name);
	else
		snprintf(why, size, "the nft table %s: %s", table->name,
			 nl_error(failure->error));
}

/* One message of the batch, at @at */
struct message {
	struct nlmsghdr *nlh;
	const struct xt_rule *rule;
};

static void read_error(const struct nlmsghdr *nlh, const struct message *messages,
		       unsigned int n, struct failure *failure)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*error);
	const struct nlattr *attr;
	unsigned int i;

	failure->error = error->error;
	for (i = 0; i < n; i++)
		if (messages[i].nlh->nlmsg_seq == nlh->nlmsg_seq)
			failure->nlh = messages[i].nlh;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += mnl_nlmsg_get_payload_len(nlh) < skip ? 0 :
			error->msg.nlmsg_len - MNL_NLMSG_HDRLEN;
	if (mnl_nlmsg_get_payload_len(nlh) < skip)
		return;
	mnl_attr_for_each(attr, nlh, skip)
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			failure->offset = mnl_attr_get_u32(attr);
}

/*
 * The answers to a batch: one for each message that fails, in their order, and one for the
 * last; or one for its beginning, if that is all.
 */
static int read_answers(struct nl *nl, uint32_t first, uint32_t last,
			const struct message *messages, unsigned int n, struct failure *failure)
{
	const struct nlmsghdr *nlh;
	ssize_t got;
	int len;

	for (;;) {
		got = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		len = got;
		for (nlh = (const void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_type != NLMSG_ERROR ||
			    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
				continue;
			if (!failure->error)
				read_error(nlh, messages, n, failure);
			if (nlh->nlmsg_seq == last || (nlh->nlmsg_seq == first && failure->error))
				return 0;
		}
	}
}

static int read_owner(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct xt_table_owner *owner = data;
	uint32_t flags;

	if (!table)
		no_memory();
	if (!nftnl_table_nlmsg_parse(nlh, table)) {
		flags = nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS);
		if (flags & NFT_TABLE_F_OWNER)
			owner->address = nftnl_table_get_u32(table, NFTNL_TABLE_OWNER);
		else if (flags & TABLE_PERSISTS)
			owner->left = true;
	}
	nftnl_table_free(table);
	return 0;
}

static int ask_owner(struct nl *nl, const char *name, uint8_t family, struct xt_table_owner *owner)
{
	char buf[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh;
	int ret;

	nlh = nfnl_message(buf, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE, 0, family);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	ret = nl_request(nl, nlh, read_owner, owner);
	return ret == -ENOENT ? 0 : ret;
}

/* What a batch is for */
enum batch {
	BATCH_COMMIT,	/* new tables, or other rules in them */
	BATCH_CHECK,	/* the same, but the kernel takes all of it back */
	BATCH_DELETE,	/* the tables go */
};

/* Has a killed program left the table of this family, before this one has made its own? */
static bool is_left(struct xt_table *table, uint8_t family)
{
	struct xt_table_owner owner = { 0 };

	return !table->made && table->persists &&
	       !ask_owner(&table->nl, table->name, family, &owner) && owner.left;
}

static char *put_table(struct xt_table *table, char *at, uint16_t type, uint8_t family,
		       struct message *messages, unsigned int *n)
{
	struct nftnl_table *query = nftnl_table_alloc();
	struct nlmsghdr *nlh;
	uint16_t flags = 0;

	if (!query || nftnl_table_set_str(query, NFTNL_TABLE_NAME, table->name))
		no_memory();
	if (type == NFT_MSG_NEWTABLE) {
		flags = NLM_F_CREATE | NLM_F_EXCL;
		nftnl_table_set_u32(query, NFTNL_TABLE_FLAGS,
				    NFT_TABLE_F_OWNER | (table->persists ? TABLE_PERSISTS : 0));
	}
	nlh = nftnl_nlmsg_build_hdr(at, type, family, flags, ++table->nl.seq);
	nftnl_table_nlmsg_build_payload(nlh, query);
	nftnl_table_free(query);
	messages[(*n)++] = (struct message){ nlh, NULL };
	return at + nlh->nlmsg_len;
}

/*
 * The batch's messages that make room for the rules: new tables and chains, or none in them. A
 * table that a killed program has left goes at the same moment.
 */
static char *put_tables(struct xt_table *table, enum batch what, char *at,
			struct message *messages, unsigned int *n)
{
	struct nl *nl = &table->nl;
	struct nlmsghdr *nlh;
	unsigned int i;

	for (i = 0; i < XT_FAMILIES; i++) {
		uint8_t family = xt_families[i];

		if (!has_family(table, family))
			continue;
		if (what == BATCH_DELETE || is_left(table, family))
			at = put_table(table, at, NFT_MSG_DELTABLE, family, messages, n);
		if (!table->made)
			at = put_table(table, at, NFT_MSG_NEWTABLE, family, messages, n);
	}
	for (i = 0; i < table->n_chains && what != BATCH_DELETE; i++) {
		struct nftnl_chain *chain = table->chains[i];
		uint32_t family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);

		if (table->made) {
			nlh = nftnl_nlmsg_build_hdr(at, NFT_MSG_DELRULE, family, 0, ++nl->seq);
			mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table->name);
			mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN,
					  nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
		} else {
			nlh = nftnl_nlmsg_build_hdr(at, NFT_MSG_NEWCHAIN, family,
						    NLM_F_CREATE | NLM_F_EXCL, ++nl->seq);
			nftnl_chain_nlmsg_build_payload(nlh, chain);
		}
		messages[(*n)++] = (struct message){ nlh, NULL };
		at += nlh->nlmsg_len;
	}
	return at;
}

static int send_batch(struct xt_table *table, enum batch what, char *why, size_t size)
{
	struct message messages[2 * XT_FAMILIES + XT_TABLE_CHAINS + XT_TABLE_RULES];
	struct failure failure = { 0 };
	struct nl *nl = &table->nl;
	struct nlmsghdr *nlh;
	unsigned int i, n = 0;
	uint32_t first, last;
	char *buf, *at;
	int ret;

	buf = calloc(1, BATCH_SIZE);
	if (!buf)
		no_memory();
	/* Answers to a process that did not live to read them: see service_try() */
	while (recv(mnl_socket_get_fd(nl->sock), nl->buf, sizeof(nl->buf), MSG_DONTWAIT) > 0)
		;
	at = buf;
	first = ++nl->seq;
	at += nftnl_batch_begin(at, first)->nlmsg_len;
	at = put_tables(table, what, at, messages, &n);
	for (i = 0; i < table->n_rules && what != BATCH_DELETE; i++) {
		if (at - buf > BATCH_SIZE - RULE_SIZE) {
			snprintf(why, size, "the rules are too long");
			free(buf);
			return -EMSGSIZE;
		}
		nlh = nftnl_nlmsg_build_hdr(at, NFT_MSG_NEWRULE, table->rules[i].family,
					    NLM_F_CREATE | NLM_F_APPEND, ++nl->seq);
		nftnl_rule_nlmsg_build_payload(nlh, table->rules[i].rule);
		messages[n++] = (struct message){ nlh, &table->rules[i] };
		at += nlh->nlmsg_len;
	}
	last = nl->seq;
	messages[n - 1].nlh->nlmsg_flags |= NLM_F_ACK;
	/* The kernel takes back what does not end. */
	if (what != BATCH_CHECK)
		at += nftnl_batch_end(at, ++nl->seq)->nlmsg_len;
	if (mnl_socket_sendto(nl->sock, buf, at - buf) < 0)
		ret = -errno;
	else
		ret = read_answers(nl, first, last, messages, n, &failure);
	if (ret)
		failure = (struct failure){ .error = ret };

	for (i = 0; i < n && (messages[i].nlh != failure.nlh || !messages[i].rule); i++)
		;
	if (failure.error && i < n)
		why_rule(messages[i].rule, &failure, why, size);
	else if (failure.error)
		why_table(table, &failure, why, size);
	free(buf);
	return failure.error;
}

/**
 * xt_table_commit - make the tables, all of them or none; or, once they are made, put other
 * rules in the place of theirs, in one moment
 * @table: the tables, with chains and rules
 * @why: with an error, what is wrong, and what helps
 * @size: of @why
 *
 * Returns 0 or a negative errno.
 */
int xt_table_commit(struct xt_table *table, char *why, size_t size)
{
	int ret = send_batch(table, BATCH_COMMIT, why, size);

	if (ret == -EOPNOTSUPP && table->persists && !table->made) {
		/* Before Linux 6.9 */
		table->persists = false;
		ret = send_batch(table, BATCH_COMMIT, why, size);
	}
	if (!ret)
		table->made = true;
	return ret;
}

/**
 * xt_table_check - see whether the kernel would make the tables; it makes none
 * @table: as for xt_table_commit()
 * @why: so
 * @size: so
 *
 * Returns 0 or a negative errno.
 */
int xt_table_check(struct xt_table *table, char *why, size_t size)
{
	return send_batch(table, BATCH_CHECK, why, size);
}

/**
 * xt_table_close - the tables go, if there are some
 */
void xt_table_close(struct xt_table *table)
{
	char why[256];

	/* The others go with the socket. */
	if (table->made && table->persists &&
	    send_batch(table, BATCH_DELETE, why, sizeof(why)))
		warnx("%s", why);
	nl_close(&table->nl);
	while (table->n_chains)
		nftnl_chain_free(table->chains[--table->n_chains]);
	xt_table_forget_rules(table);
}

/* What read_rule() is given */
struct xt_listing {
	void (*take)(const struct xt_listed *rule, void *data);
	void *data;
};

static void find_comment(const struct nftnl_rule *rule, char comment[XT_COMMENT_LEN + 1])
{
	const struct nftnl_udata *udata;
	const void *data;
	uint32_t len;

	*comment = 0;
	data = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &len);
	for (udata = data; data && (const char *)udata + 2 <= (const char *)data + len;
	     udata = nftnl_udata_next(udata)) {
		const char *value = nftnl_udata_get(udata);
		uint32_t room = (const char *)data + len - value;

		if (nftnl_udata_len(udata) > room)
			break;
		if (nftnl_udata_type(udata) == NFTNL_UDATA_RULE_COMMENT)
			snprintf(comment, XT_COMMENT_LEN + 1, "%.*s",
				 (int)nftnl_udata_len(udata), value);
	}
}

static int read_rule(const struct nlmsghdr *nlh, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct xt_listing *listing = data;
	struct nftnl_expr_iter *iter;
	struct nftnl_expr *expr;
	struct xt_listed listed = { 0 };

	if (!rule)
		no_memory();
	if (nftnl_rule_nlmsg_parse(nlh, rule)) {
		nftnl_rule_free(rule);
		return -EBADMSG;
	}
	iter = nftnl_expr_iter_create(rule);
	if (!iter)
		no_memory();
	while ((expr = nftnl_expr_iter_next(iter)) && listed.n < XT_RULE_COUNTERS) {
		if (strcmp(nftnl_expr_get_str(expr, NFTNL_EXPR_NAME), "counter"))
			continue;
		listed.packets[listed.n] = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_PACKETS);
		listed.bytes[listed.n++] = nftnl_expr_get_u64(expr, NFTNL_EXPR_CTR_BYTES);
	}
	nftnl_expr_iter_destroy(iter);
	listed.family = nftnl_rule_get_u32(rule, NFTNL_RULE_FAMILY);
	listed.chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	find_comment(rule, listed.comment);
	listing->take(&listed, listing->data);
	nftnl_rule_free(rule);
	return 0;
}

/**
 * xt_table_list - read the rules of tables, which may be another program's
 * @nl: a socket
 * @name: the tables'
 * @take: called with each rule, in their order, and @data
 * @data: for @take
 *
 * Returns 0, also where there are none, or a negative errno: -EINTR if the rules have changed
 * meanwhile.
 */
int xt_table_list(struct nl *nl, const char *name,
		  void (*take)(const struct xt_listed *rule, void *data), void *data)
{
	struct xt_listing listing = { take, data };
	char buf[1024] __attribute__((aligned(8)));
	struct nftnl_rule *query = nftnl_rule_alloc();
	struct nlmsghdr *nlh;
	unsigned int i;
	int ret = 0;

	if (!query || nftnl_rule_set_str(query, NFTNL_RULE_TABLE, name))
		no_memory();
	for (i = 0; i < XT_FAMILIES && !ret; i++) {
		memset(buf, 0, sizeof(buf));
		nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETRULE, xt_families[i], NLM_F_DUMP, 0);
		nftnl_rule_nlmsg_build_payload(nlh, query);
		ret = nl_request(nl, nlh, read_rule, &listing);
		if (ret == -ENOENT)
			ret = 0;
		if (!ret && nl->interrupted)
			ret = -EINTR;
	}
	nftnl_rule_free(query);
	return ret;
}

static void add_counters(const struct xt_listed *rule, void *data)
{
	uint64_t *counters = data;
	unsigned int i;

	for (i = 0; i < rule->n; i++)
		counters[i] += rule->packets[i];
}

/* A change of whosever rules interrupts the kernel's answer. */
#define COUNTERS_TRIES	10

/**
 * xt_table_counters - read what the rules have counted
 * @table: the tables
 * @counters: packets of the first counter of all rules, and of the second one
 *
 * Returns 0 or a negative errno: -EINTR if others change rules all the time.
 */
int xt_table_counters(struct xt_table *table, uint64_t counters[XT_RULE_COUNTERS])
{
	unsigned int tries = 0;
	int ret;

	do {
		memset(counters, 0, sizeof(*counters) * XT_RULE_COUNTERS);
		ret = xt_table_list(&table->nl, table->name, add_counters, counters);
	} while (ret == -EINTR && ++tries < COUNTERS_TRIES);
	return ret;
}

/**
 * xt_table_owner - whose the tables of this name are
 * @name: the tables'
 * @owner: the answer
 *
 * Returns 0 or a negative errno.
 */
int xt_table_owner(const char *name, struct xt_table_owner *owner)
{
	static struct nl nl;
	unsigned int i;
	int ret;

	*owner = (struct xt_table_owner){ 0 };
	ret = nl_open(&nl, NETLINK_NETFILTER);
	for (i = 0; i < XT_FAMILIES && !ret && !owner->address; i++)
		ret = ask_owner(&nl, name, xt_families[i], owner);
	nl_close(&nl);
	return ret;
}
