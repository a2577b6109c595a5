// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper ftp2: FTP, by the grammar of ftp.c and the core of alg.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "alg.h"
#include "ftp.h"

#define FTP2_TIMEOUT_MAX	3600

static int ftp2_help(struct sk_buff *skb, unsigned int protoff,
		     struct nf_conn *ct, enum ip_conntrack_info ctinfo);

static struct alg_helper ftp2 = {
	.name = "ftp2",
	.protocol = &ftp_protocol,
	/* What is open, what is offered, and what follows one of these */
	.policy[FTP_CLASS_ANNOUNCED] = {
		.name = "ftp2",
		.timeout = 30,
		.max_expected = FTP_HOLES + 1,
	},
	.policy[FTP_CLASS_TRANSFER] = {
		.name = "ftp2-transfer",
		.timeout = FTP2_TIMEOUT_MAX,
		.max_expected = FTP_HOLES + 1,
	},
	.active = true,
	.help = ftp2_help,
	.module = THIS_MODULE,
};

static int set_timeout(const char *text, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(text, param, 1, FTP2_TIMEOUT_MAX);

	if (!err)
		alg_set_timeout(&ftp2, ftp2.policy[0].timeout);
	return err;
}

static const struct kernel_param_ops timeout_ops = {
	.set = set_timeout,
	.get = param_get_uint,
};

module_param_cb(timeout, &timeout_ops, &ftp2.policy[0].timeout, 0644);
MODULE_PARM_DESC(timeout,
		 "seconds that a data connection is waited for (30)");

module_param_named(loose, ftp2.loose, bool, 0644);
MODULE_PARM_DESC(loose,
		 "let PORT, EPRT and 227 name the address of a third party (N)");

module_param_named(active, ftp2.active, bool, 0644);
MODULE_PARM_DESC(active,
		 "let PORT and EPRT ask for connections to the client (Y)");

module_param_named(takeover, ftp2.takeover, bool, 0644);
MODULE_PARM_DESC(takeover, "also in a dialogue that another gateway began (N)");

static int ftp2_help(struct sk_buff *skb, unsigned int protoff,
		     struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	if (alg_dormant(ct))
		return NF_ACCEPT;
	return alg_help(skb, protoff, ct, ctinfo, &ftp2, alg_data(ct));
}

static int __init ftp2_init(void)
{
	return alg_register(&ftp2);
}

static void __exit ftp2_exit(void)
{
	alg_unregister(&ftp2);
}

module_init(ftp2_init);
module_exit(ftp2_exit);
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Connection tracking helper for FTP: opens what both ends agreed on");
MODULE_ALIAS_NFCT_HELPER("ftp2");
MODULE_ALIAS_NF_NAT_HELPER("ftp2");
