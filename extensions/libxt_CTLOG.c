// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_CTLOG - the iptables side of xt_CTLOG
 */
#include <stddef.h>
#include <stdio.h>
#include <syslog.h>
#include <xtables.h>
#include <linux/netfilter/xt_CTLOG.h>
#include "options.h"

enum {
	O_PREFIX = 0,
	O_LEVEL,
	O_GROUP,
	O_ZONE,
	F_LEVEL = 1 << O_LEVEL,
	F_GROUP = 1 << O_GROUP,
};

static const struct xt_option_entry ctlog_tg_opts[] = {
	{ .name = "log-prefix", .id = O_PREFIX, .type = XTTYPE_STRING },
	{ .name = "log-level", .id = O_LEVEL, .type = XTTYPE_SYSLOGLEVEL,
	  .excl = F_GROUP },
	{ .name = "nflog-group", .id = O_GROUP, .type = XTTYPE_UINT16,
	  .excl = F_LEVEL },
	{ .name = "in-zone", .id = O_ZONE, .type = XTTYPE_UINT16 },
	XTOPT_TABLEEND,
};

static void ctlog_tg_help(void)
{
	printf("CTLOG target options:\n"
	       "--log-prefix PREFIX    begin each line with this, at most %u characters\n"
	       "--log-level LEVEL      number or name, see syslog.conf(5) [warning]\n"
	       "--nflog-group NUMBER   to this group of nfnetlink_log, not the kernel's log\n"
	       "--in-zone NUMBER       look for the connection of INVALID packets there [0]\n",
	       XT_CTLOG_PREFIXLEN - 1);
}

static void ctlog_tg_init(struct xt_entry_target *target)
{
	struct xt_ctlog_tginfo *info = (void *)target->data;

	info->level = LOG_WARNING;
}

static void ctlog_tg_parse(struct xt_option_call *cb)
{
	struct xt_ctlog_tginfo *info = cb->data;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_PREFIX:
		parse_prefix("CTLOG", info->prefix, sizeof(info->prefix), cb->arg);
		break;
	case O_LEVEL:
		info->level = cb->val.syslog_level;
		break;
	case O_GROUP:
		info->flags |= XT_CTLOG_NFLOG;
		info->group = cb->val.u16;
		info->level = 0;
		break;
	case O_ZONE:
		info->flags |= XT_CTLOG_ZONE;
		info->zone = cb->val.u16;
		break;
	}
}

static void print_options(const struct xt_ctlog_tginfo *info,
			  const char *dashes)
{
	print_log_options(dashes, info->prefix, info->flags & XT_CTLOG_NFLOG,
			  info->level, info->group);
	if (info->flags & XT_CTLOG_ZONE)
		printf(" %sin-zone %u", dashes, info->zone);
}

static void ctlog_tg_print(const void *ip __attribute__((unused)),
			   const struct xt_entry_target *target,
			   int numeric __attribute__((unused)))
{
	printf(" CTLOG");
	print_options((const void *)target->data, "");
}

static void ctlog_tg_save(const void *ip __attribute__((unused)),
			  const struct xt_entry_target *target)
{
	print_options((const void *)target->data, "--");
}

static struct xtables_target ctlog_tg_reg = {
	.version	= XTABLES_VERSION,
	.name		= "CTLOG",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_ctlog_tginfo)),
	.userspacesize	= offsetof(struct xt_ctlog_tginfo, raw),
	.help		= ctlog_tg_help,
	.init		= ctlog_tg_init,
	.x6_parse	= ctlog_tg_parse,
	.x6_options	= ctlog_tg_opts,
	.print		= ctlog_tg_print,
	.save		= ctlog_tg_save,
};

static void __attribute__((constructor)) ctlog_register(void)
{
	xtables_register_target(&ctlog_tg_reg);
}
