// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_CTFORGET - the iptables side of xt_CTFORGET
 */
#include <stdio.h>
#include <xtables.h>

static void ctforget_tg_help(void)
{
	printf("CTFORGET target: takes the packet's connection off the table, and drops the\n"
	       "packet. It has no options, and its place is the table mangle, chains PREROUTING\n"
	       "and OUTPUT.\n");
}

static void ctforget_tg_print(const void *ip __attribute__((unused)),
			      const struct xt_entry_target *target __attribute__((unused)),
			      int numeric __attribute__((unused)))
{
	printf(" CTFORGET");
}

static struct xtables_target ctforget_tg_reg = {
	.version	= XTABLES_VERSION,
	.name		= "CTFORGET",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(0),
	.userspacesize	= XT_ALIGN(0),
	.help		= ctforget_tg_help,
	.print		= ctforget_tg_print,
};

static void __attribute__((constructor)) ctforget_register(void)
{
	xtables_register_target(&ctforget_tg_reg);
}
