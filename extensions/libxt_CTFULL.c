// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_CTFULL - the iptables side of xt_ctfull, the target
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <xtables.h>
#include <linux/netfilter/xt_ctfull.h>
#include "options.h"

enum {
	O_ON_FULL = 0,
	O_RESERVE,
	O_WARN_AT,
	O_PREFIX,
	O_LEVEL,
	O_GROUP,
	O_RATE,
	O_BURST,
	F_LEVEL = 1 << O_LEVEL,
	F_GROUP = 1 << O_GROUP,
};

static const struct xt_option_entry ctfull_tg_opts[] = {
	{ .name = "on-full", .id = O_ON_FULL, .type = XTTYPE_STRING },
	{ .name = "reserve", .id = O_RESERVE, .type = XTTYPE_STRING },
	{ .name = "warn-at", .id = O_WARN_AT, .type = XTTYPE_STRING },
	{ .name = "log-prefix", .id = O_PREFIX, .type = XTTYPE_STRING },
	{ .name = "log-level", .id = O_LEVEL, .type = XTTYPE_SYSLOGLEVEL,
	  .excl = F_GROUP },
	{ .name = "nflog-group", .id = O_GROUP, .type = XTTYPE_UINT16,
	  .excl = F_LEVEL },
	{ .name = "log-rate", .id = O_RATE, .type = XTTYPE_STRING },
	{ .name = "log-burst", .id = O_BURST, .type = XTTYPE_STRING },
	XTOPT_TABLEEND,
};

static void ctfull_tg_help(void)
{
	printf("CTFULL target options:\n"
	       "--reserve N             keep the last N entries free of this rule's packets:\n"
	       "                        a number, or a percentage of nf_conntrack_max\n"
	       "--on-full drop|untrack  what to do with a packet that finds no room [drop]\n"
	       "--warn-at N%%            report when the table is so full [%u%%]\n"
	       "--log-prefix PREFIX     begin each line with this, at most %u characters\n"
	       "--log-level LEVEL       number or name, see syslog.conf(5) [warning]\n"
	       "--nflog-group NUMBER    to this group of nfnetlink_log, not the kernel's log\n"
	       "--log-rate N[/UNIT]     lines a second or minute, 0 for none [%u/second]\n"
	       "--log-burst N           lines at once before that [%u]\n",
	       XT_CTFULL_WARN_AT, XT_CTFULL_PREFIXLEN - 1, XT_CTFULL_LOG_RATE,
	       XT_CTFULL_LOG_BURST);
}

static void ctfull_tg_init(struct xt_entry_target *target)
{
	struct xt_ctfull_tginfo *info = (void *)target->data;

	info->level = LOG_WARNING;
	info->warn_at = XT_CTFULL_WARN_AT;
	info->log_rate = XT_CTFULL_LOG_RATE;
	info->log_burst = XT_CTFULL_LOG_BURST;
}

static void parse_on_full(struct xt_ctfull_tginfo *info, const char *arg)
{
	if (!strcasecmp(arg, "untrack"))
		info->flags |= XT_CTFULL_UNTRACK;
	else if (strcasecmp(arg, "drop"))
		xtables_error(PARAMETER_PROBLEM,
			      "CTFULL: --on-full \"%s\": use drop or untrack", arg);
}

static void parse_reserve(struct xt_ctfull_tginfo *info, const char *arg)
{
	char *end;

	if (!xtables_strtoui(arg, &end, &info->reserve, 1, UINT32_MAX) ||
	    (*end && strcmp(end, "%")))
		xtables_error(PARAMETER_PROBLEM,
			      "CTFULL: --reserve \"%s\": use a number of entries from 1 on, or a percentage such as 10%%",
			      arg);
	if (!*end)
		return;
	if (info->reserve > 99)
		xtables_error(PARAMETER_PROBLEM,
			      "CTFULL: --reserve \"%s\": this leaves no entry for the rule's packets; use 1%% to 99%%",
			      arg);
	info->flags |= XT_CTFULL_RESERVE_PERCENT;
}

static void parse_warn_at(struct xt_ctfull_tginfo *info, const char *arg)
{
	unsigned int percent;
	char *end;

	if (!xtables_strtoui(arg, &end, &percent, 1, 100) || strcmp(end, "%"))
		xtables_error(PARAMETER_PROBLEM,
			      "CTFULL: --warn-at \"%s\": use a percentage, 1%% to 100%%",
			      arg);
	info->warn_at = percent;
}

/* Units and their short forms as in -m limit */
static void parse_rate(struct xt_ctfull_tginfo *info, const char *arg)
{
	char *end;

	if (!xtables_strtoui(arg, &end, &info->log_rate, 0,
			     XT_CTFULL_LOG_MAX) ||
	    (*end && (*end != '/' || !end[1])))
		goto bad;
	if (*end && !strncasecmp(end + 1, "minute", strlen(end + 1)))
		info->flags |= XT_CTFULL_PER_MINUTE;
	else if (*end && strncasecmp(end + 1, "second", strlen(end + 1)))
		goto bad;
	return;
bad:
	xtables_error(PARAMETER_PROBLEM,
		      "CTFULL: --log-rate \"%s\": use N, N/second or N/minute, N from 0 to %u",
		      arg, XT_CTFULL_LOG_MAX);
}

static void ctfull_tg_parse(struct xt_option_call *cb)
{
	struct xt_ctfull_tginfo *info = cb->data;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_ON_FULL:
		parse_on_full(info, cb->arg);
		break;
	case O_RESERVE:
		parse_reserve(info, cb->arg);
		break;
	case O_WARN_AT:
		parse_warn_at(info, cb->arg);
		break;
	case O_PREFIX:
		parse_prefix("CTFULL", info->prefix, sizeof(info->prefix), cb->arg);
		break;
	case O_LEVEL:
		info->level = cb->val.syslog_level;
		break;
	case O_GROUP:
		info->flags |= XT_CTFULL_NFLOG;
		info->group = cb->val.u16;
		info->level = 0;
		break;
	case O_RATE:
		parse_rate(info, cb->arg);
		break;
	case O_BURST:
		if (!xtables_strtoui(cb->arg, NULL, &info->log_burst, 1,
				     XT_CTFULL_LOG_MAX))
			xtables_error(PARAMETER_PROBLEM,
				      "CTFULL: --log-burst \"%s\": use a number from 1 to %u",
				      cb->arg, XT_CTFULL_LOG_MAX);
		break;
	}
}

/* @dashes is "--" for what iptables-restore reads, "" for people */
static void print_options(const struct xt_ctfull_tginfo *info,
			  const char *dashes)
{
	if (info->flags & XT_CTFULL_UNTRACK)
		printf(" %son-full untrack", dashes);
	if (info->reserve)
		printf(" %sreserve %u%s", dashes, info->reserve,
		       info->flags & XT_CTFULL_RESERVE_PERCENT ? "%" : "");
	if (info->warn_at != XT_CTFULL_WARN_AT)
		printf(" %swarn-at %u%%", dashes, info->warn_at);
	print_log_options(dashes, info->prefix, info->flags & XT_CTFULL_NFLOG,
			  info->level, info->group);
	if (info->log_rate != XT_CTFULL_LOG_RATE ||
	    info->flags & XT_CTFULL_PER_MINUTE)
		printf(" %slog-rate %u%s", dashes, info->log_rate,
		       info->flags & XT_CTFULL_PER_MINUTE ? "/minute" : "/second");
	if (info->log_burst != XT_CTFULL_LOG_BURST)
		printf(" %slog-burst %u", dashes, info->log_burst);
}

static void ctfull_tg_print(const void *ip __attribute__((unused)),
			    const struct xt_entry_target *target,
			    int numeric __attribute__((unused)))
{
	printf(" CTFULL");
	print_options((const void *)target->data, "");
}

static void ctfull_tg_save(const void *ip __attribute__((unused)),
			   const struct xt_entry_target *target)
{
	print_options((const void *)target->data, "--");
}

static struct xtables_target ctfull_tg_reg = {
	.version	= XTABLES_VERSION,
	.name		= "CTFULL",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_ctfull_tginfo)),
	.userspacesize	= offsetof(struct xt_ctfull_tginfo, rule),
	.help		= ctfull_tg_help,
	.init		= ctfull_tg_init,
	.x6_parse	= ctfull_tg_parse,
	.x6_options	= ctfull_tg_opts,
	.print		= ctfull_tg_print,
	.save		= ctfull_tg_save,
};

static void __attribute__((constructor)) ctfull_register(void)
{
	xtables_register_target(&ctfull_tg_reg);
}
