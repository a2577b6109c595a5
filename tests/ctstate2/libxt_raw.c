// SPDX-License-Identifier: GPL-2.0-only
/*
 * For refused.sh, built by vm/prepare: a plugin that sends the kernel what it is told,
 * byte by byte: -m ctstate2 --raw HEX, -j CTLOG --raw HEX and so on. The compiler is told
 * of NAME, INFO, the struct, KERNEL, its first field that is the kernel's, KIND, match or
 * target, and includes the struct's header.
 */
#include <stddef.h>
#include <stdio.h>
#include <xtables.h>

#define USER_SIZE	offsetof(INFO, KERNEL)
#define CONCAT(a, b)	a##b
#define OF_KIND(a, b)	CONCAT(a, b)
#define xt_entry	OF_KIND(xt_entry_, KIND)

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
		     const struct xt_entry *entry)
{
	unsigned int i;

	printf(" --raw ");
	for (i = 0; i < USER_SIZE; i++)
		printf("%02x", entry->data[i]);
}

static struct OF_KIND(xtables_, KIND) raw_reg = {
	.version	= XTABLES_VERSION,
	.name		= NAME,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(INFO)),
	.userspacesize	= USER_SIZE,
	.x6_parse	= raw_parse,
	.x6_options	= raw_opts,
	.save		= raw_save,
};

static void __attribute__((constructor)) raw_register(void)
{
	OF_KIND(xtables_register_, KIND)(&raw_reg);
}
