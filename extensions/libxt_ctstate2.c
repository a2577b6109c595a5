// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_ctstate2 - the iptables side of xt_ctstate2
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <xtables.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_ctstate2.h>

#define EST_ORIGINAL	XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED)
#define EST_REPLY	XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED_REPLY)
#define REL_ORIGINAL	XT_CTSTATE2_STATE_BIT(IP_CT_RELATED)
#define REL_REPLY	XT_CTSTATE2_STATE_BIT(IP_CT_RELATED_REPLY)
#define NEW		XT_CTSTATE2_STATE_BIT(IP_CT_NEW)
#define NAT		(XT_CTSTATE2_STATE_SNAT | XT_CTSTATE2_STATE_DNAT)

enum {
	O_STATE = 0,
};

/* A word of an option's list, and the bits that it stands for */
struct word {
	const char *name;
	unsigned int bits;
};

/* Shorthands come first: printing takes the first word whose bits are all set */
static const struct word state_words[] = {
	{ "NEW", NEW },
	{ "ESTABLISHED", EST_ORIGINAL | EST_REPLY },
	{ "RELATED", REL_ORIGINAL | REL_REPLY },
	{ "ESTABLISHED_ORIGINAL", EST_ORIGINAL },
	{ "ESTABLISHED_REPLY", EST_REPLY },
	{ "RELATED_ORIGINAL", REL_ORIGINAL },
	{ "RELATED_REPLY", REL_REPLY },
	{ "INVALID", XT_CTSTATE2_STATE_INVALID },
	{ "UNTRACKED", XT_CTSTATE2_STATE_UNTRACKED },
	{ "SNAT", XT_CTSTATE2_STATE_SNAT },
	{ "DNAT", XT_CTSTATE2_STATE_DNAT },
	{ NULL, 0 },
};

static const struct xt_option_entry ctstate2_mt_opts[] = {
	{ .name = "state", .id = O_STATE, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	XTOPT_TABLEEND,
};

/* "A, B, C" into @buf, which holds every table of this file */
static const char *list_words(const struct word *words, char *buf, size_t size)
{
	size_t used = 0;

	for (; words->name; words++)
		used += snprintf(buf + used, size - used, "%s%s",
				 used ? ", " : "", words->name);
	return buf;
}

static void ctstate2_mt_help(void)
{
	char buf[256];

	printf("ctstate2 match options:\n"
	       "[!] --state LIST    any of, separated by commas:\n"
	       "                    %s\n",
	       list_words(state_words, buf, sizeof(buf)));
}

static unsigned int parse_word(const char *option, const char *word, size_t len,
			       const struct word *words)
{
	const struct word *w;
	char buf[256];

	for (w = words; w->name; w++)
		if (strlen(w->name) == len && !strncasecmp(w->name, word, len))
			return w->bits;

	xtables_error(PARAMETER_PROBLEM,
		      "ctstate2: --%s: %s\"%.*s\"; it takes a comma-separated list of %s",
		      option, len ? "unknown word " : "empty word ", (int)len,
		      word, list_words(words, buf, sizeof(buf)));
	return 0; /* xtables_error() does not come back */
}

static unsigned int parse_list(const char *option, const char *arg,
			       const struct word *words)
{
	unsigned int bits = 0;
	size_t len;

	for (;; arg += len + 1) {
		len = strcspn(arg, ",");
		bits |= parse_word(option, arg, len, words);
		if (!arg[len])
			return bits;
	}
}

static void print_list(unsigned int bits, const struct word *words)
{
	const char *sep = " ";

	for (; words->name; words++) {
		if ((bits & words->bits) != words->bits)
			continue;
		printf("%s%s", sep, words->name);
		bits &= ~words->bits;
		sep = ",";
	}
}

static void ctstate2_mt_parse(struct xt_option_call *cb)
{
	struct xt_ctstate2_mtinfo *info = cb->data;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_STATE:
		info->match |= XT_CTSTATE2_STATE;
		if (cb->invert)
			info->invert |= XT_CTSTATE2_STATE;
		info->state = parse_list("state", cb->arg, state_words);
		break;
	}
}

static void ctstate2_mt_fcheck(struct xt_fcheck_call *cb)
{
	if (!cb->xflags)
		xtables_error(PARAMETER_PROBLEM,
			      "ctstate2: no condition given; use --state LIST");
}

/* @dashes is "--" for what iptables-restore reads, "" for people */
static void print_conditions(const struct xt_ctstate2_mtinfo *info,
			     const char *dashes)
{
	if (info->match & XT_CTSTATE2_STATE) {
		printf("%s %sstate",
		       info->invert & XT_CTSTATE2_STATE ? " !" : "", dashes);
		print_list(info->state, state_words);
	}
}

static void ctstate2_mt_print(const void *ip __attribute__((unused)),
			      const struct xt_entry_match *match,
			      int numeric __attribute__((unused)))
{
	printf(" ctstate2");
	print_conditions((const void *)match->data, "");
}

static void ctstate2_mt_save(const void *ip __attribute__((unused)),
			     const struct xt_entry_match *match)
{
	print_conditions((const void *)match->data, "--");
}

/* nft's words for the states that it does not split by direction */
static const struct word nft_states[] = {
	{ "new", NEW },
	{ "established", EST_ORIGINAL | EST_REPLY },
	{ "related", REL_ORIGINAL | REL_REPLY },
	{ "invalid", XT_CTSTATE2_STATE_INVALID },
	{ "untracked", XT_CTSTATE2_STATE_UNTRACKED },
	{ NULL, 0 },
};

static const struct word nft_split_states[] = {
	{ "new . original", NEW },
	{ "established . original", EST_ORIGINAL },
	{ "established . reply", EST_REPLY },
	{ "related . original", REL_ORIGINAL },
	{ "related . reply", REL_REPLY },
	{ NULL, 0 },
};

static const struct word nft_nat[] = {
	{ "snat", XT_CTSTATE2_STATE_SNAT },
	{ "dnat", XT_CTSTATE2_STATE_DNAT },
	{ NULL, 0 },
};

/* @key, then the words that share a bit with @bits, with @sep between them */
static void xlate_words(struct xt_xlate *xl, const char *key, unsigned int bits,
			const struct word *words, const char *sep)
{
	const char *before = " ";

	xt_xlate_add(xl, "%s", key);
	for (; words->name; words++) {
		if (!(bits & words->bits))
			continue;
		xt_xlate_add_nospc(xl, "%s%s", before, words->name);
		before = sep;
	}
}

/* True if @state has one direction of ESTABLISHED or RELATED without the other */
static bool is_split(unsigned int state)
{
	return !(state & EST_ORIGINAL) != !(state & EST_REPLY) ||
	       !(state & REL_ORIGINAL) != !(state & REL_REPLY);
}

/*
 * nft cannot say everything: there, a condition on direction or status is false
 * for a packet without a connection, and one rule's conditions are ANDed.
 */
static int xlate_state(struct xt_xlate *xl, unsigned int state, bool invert)
{
	const unsigned int original = NEW | EST_ORIGINAL | REL_ORIGINAL;
	const unsigned int reply = EST_REPLY | REL_REPLY;

	if (state & NAT) {
		if (invert || state & ~NAT)
			return 0;
		xlate_words(xl, "ct status", state, nft_nat, ",");
		return 1;
	}
	if (invert && is_split(state)) {
		state = XT_CTSTATE2_STATE_ALL & ~NAT & ~state;
		invert = false;
	}
	if (!is_split(state)) {
		/* not "!=", which compares with the list's bits all together */
		xlate_words(xl, invert ? "ct state !" : "ct state", state,
			    nft_states, ",");
		return 1;
	}
	if (state & ~(original | reply))
		return 0;
	if (!(state & original) || !(state & reply)) {
		xlate_words(xl, "ct state", state, nft_states, ",");
		xt_xlate_add(xl, "ct direction %s",
			     state & reply ? "reply" : "original");
		return 1;
	}
	xlate_words(xl, "ct state . ct direction {", state, nft_split_states,
		    ", ");
	xt_xlate_add_nospc(xl, " }");
	return 1;
}

static int ctstate2_mt_xlate(struct xt_xlate *xl,
			     const struct xt_xlate_mt_params *params)
{
	const struct xt_ctstate2_mtinfo *info = (const void *)params->match->data;

	return xlate_state(xl, info->state, info->invert & XT_CTSTATE2_STATE);
}

static struct xtables_match ctstate2_mt_reg = {
	.version	= XTABLES_VERSION,
	.name		= "ctstate2",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_ctstate2_mtinfo)),
	.userspacesize	= offsetof(struct xt_ctstate2_mtinfo, accept),
	.help		= ctstate2_mt_help,
	.x6_parse	= ctstate2_mt_parse,
	.x6_fcheck	= ctstate2_mt_fcheck,
	.x6_options	= ctstate2_mt_opts,
	.print		= ctstate2_mt_print,
	.save		= ctstate2_mt_save,
	.xlate		= ctstate2_mt_xlate,
};

static void __attribute__((constructor)) ctstate2_register(void)
{
	xtables_register_match(&ctstate2_mt_reg);
}
