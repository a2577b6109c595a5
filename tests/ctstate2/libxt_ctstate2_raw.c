// SPDX-License-Identifier: GPL-2.0-only
/*
 * For refused.sh: a plugin of the name ctstate2 that sends the kernel what it is
 * told, byte by byte: -m ctstate2 --raw HEX
 */
#include <stddef.h>
#include <stdio.h>
#include <xtables.h>
#include <linux/netfilter/xt_ctstate2.h>

#define USER_SIZE	offsetof(struct xt_ctstate2_mtinfo, accept)

static const struct xt_option_entry raw_opts[] = {
	{ .name = "raw", .id = 0, .type = XTTYPE_STRING, .flags = XTOPT_MAND },
	XTOPT_TABLEEND,
};

static void raw_parse(struct xt_option_call *cb)
{
	unsigned char *data = cb->data;
	unsigned int i;
	int used;

	xtables_option_parse(cb);
	for (i = 0; i < USER_SIZE; i++) {
		used = 0;
		if (sscanf(cb->arg + 2 * i, "%2hhx%n", &data[i], &used) != 1 ||
		    used != 2)
			break;
	}
	if (i < USER_SIZE || cb->arg[2 * i])
		xtables_error(PARAMETER_PROBLEM, "--raw takes %zu bytes in hex",
			      USER_SIZE);
}

static void raw_save(const void *ip __attribute__((unused)),
		     const struct xt_entry_match *match)
{
	unsigned int i;

	printf(" --raw ");
	for (i = 0; i < USER_SIZE; i++)
		printf("%02x", match->data[i]);
}

static struct xtables_match raw_reg = {
	.version	= XTABLES_VERSION,
	.name		= "ctstate2",
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_ctstate2_mtinfo)),
	.userspacesize	= USER_SIZE,
	.x6_parse	= raw_parse,
	.x6_options	= raw_opts,
	.save		= raw_save,
};

static void __attribute__((constructor)) raw_register(void)
{
	xtables_register_match(&raw_reg);
}
