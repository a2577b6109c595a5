// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_ctfull - the iptables side of xt_ctfull, the match
 */
#include <stddef.h>
#include <stdio.h>
#include <xtables.h>
#include <linux/netfilter/xt_ctfull.h>
#include "options.h"

enum {
	O_ABOVE = 0,
	O_NEW_CONNECTION,
};

static const struct xt_option_entry ctfull_mt_opts[] = {
	{ .name = "above", .id = O_ABOVE, .type = XTTYPE_STRING, .flags = XTOPT_INVERT },
	{ .name = "new-connection", .id = O_NEW_CONNECTION, .type = XTTYPE_NONE,
	  .flags = XTOPT_INVERT },
	XTOPT_TABLEEND,
};

static void ctfull_mt_help(void)
{
	printf("ctfull match options:\n"
	       "[!] --above N[:M]      the connection tracking table holds N entries or more;\n"
	       "                       with M, until it holds fewer than M. Both are numbers,\n"
	       "                       or percentages of nf_conntrack_max such as 90%%\n"
	       "[!] --new-connection   the packet would need a new entry (in table raw)\n");
}

/* Returns where the number ends. */
static const char *parse_bound(const char *whole, const char *arg,
			       __u32 *value, bool *percent)
{
	char *end;

	if (!xtables_strtoui(arg, &end, value, 1, UINT32_MAX) ||
	    (*end && *end != '%' && *end != ':'))
		xtables_error(PARAMETER_PROBLEM,
			      "ctfull: --above \"%s\": \"%s\" is neither a number of entries from 1 on nor a percentage such as 90%%",
			      whole, arg);
	*percent = *end == '%';
	if (!*percent)
		return end;
	if (*value > 100)
		xtables_error(PARAMETER_PROBLEM,
			      "ctfull: --above \"%s\": %u%% is more than the table; use 1%% to 100%%",
			      whole, *value);
	return end + 1;
}

static void parse_above(struct xt_ctfull_mtinfo *info, const char *arg)
{
	bool percent, until_percent = false;
	const char *end;

	end = parse_bound(arg, arg, &info->above, &percent);
	if (*end == ':')
		end = parse_bound(arg, end + 1, &info->until, &until_percent);
	if (*end)
		xtables_error(PARAMETER_PROBLEM,
			      "ctfull: --above \"%s\": \"%s\" is one too many; use N or N:M, such as 90%% or 90%%:80%%",
			      arg, end);
	if (info->until && percent == until_percent &&
	    info->until > info->above)
		xtables_error(PARAMETER_PROBLEM,
			      "ctfull: --above \"%s\": the second number, where it ends, is higher than the first, where it begins; swap them",
			      arg);
	if (percent)
		info->flags |= XT_CTFULL_ABOVE_PERCENT;
	if (until_percent)
		info->flags |= XT_CTFULL_UNTIL_PERCENT;
}

static void ctfull_mt_parse(struct xt_option_call *cb)
{
	struct xt_ctfull_mtinfo *info = cb->data;
	unsigned int condition = 0;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_ABOVE:
		parse_above(info, cb->arg);
		condition = XT_CTFULL_ABOVE;
		break;
	case O_NEW_CONNECTION:
		condition = XT_CTFULL_NEW_CONNECTION;
		break;
	}
	info->flags |= condition;
	if (cb->invert)
		info->invert |= condition;
}

static void ctfull_mt_check(struct xt_fcheck_call *cb)
{
	if (!cb->xflags)
		xtables_error(PARAMETER_PROBLEM,
			      "ctfull: no condition given; use --above N or --new-connection");
}

/* @dashes is "--" for what iptables-restore reads, "" for people */
static void print_options(const struct xt_ctfull_mtinfo *info,
			  const char *dashes)
{
	if (info->flags & XT_CTFULL_ABOVE) {
		printf("%s %sabove %u%s",
		       info->invert & XT_CTFULL_ABOVE ? " !" : "", dashes,
		       info->above,
		       info->flags & XT_CTFULL_ABOVE_PERCENT ? "%" : "");
		if (info->until)
			printf(":%u%s", info->until,
			       info->flags & XT_CTFULL_UNTIL_PERCENT ? "%" : "");
	}
	if (info->flags & XT_CTFULL_NEW_CONNECTION)
		printf("%s %snew-connection",
		       info->invert & XT_CTFULL_NEW_CONNECTION ? " !" : "",
		       dashes);
}

static void ctfull_mt_print(const void *ip __attribute__((unused)),
			    const struct xt_entry_match *match,
			    int numeric __attribute__((unused)))
{
	printf(" ctfull");
	print_options((const void *)match->data, "");
}

static void ctfull_mt_save(const void *ip __attribute__((unused)),
			   const struct xt_entry_match *match)
{
	print_options((const void *)match->data, "--");
}

static struct xtables_match ctfull_mt_reg = {
	.version	= XTABLES_VERSION,
	.name		= "ctfull",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_ctfull_mtinfo)),
	.userspacesize	= offsetof(struct xt_ctfull_mtinfo, latch),
	.help		= ctfull_mt_help,
	.x6_parse	= ctfull_mt_parse,
	.x6_fcheck	= ctfull_mt_check,
	.x6_options	= ctfull_mt_opts,
	.print		= ctfull_mt_print,
	.save		= ctfull_mt_save,
};

static void __attribute__((constructor)) ctfull_register(void)
{
	xtables_register_match(&ctfull_mt_reg);
}
