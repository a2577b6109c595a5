// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper rtsp2: RTSP, by the grammar of rtsp.c and the core of alg.c.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "alg.h"
#include "rtsp.h"

static int rtsp2_help(struct sk_buff *skb, unsigned int protoff,
		      struct nf_conn *ct, enum ip_conntrack_info ctinfo);

static struct alg_helper rtsp2 = {
	.name = "rtsp2",
	.protocol = &rtsp_protocol,
	.policy[0] = {
		.name = "rtsp2",
		.timeout = 60,
		/*
		 * Twice as many as there can be: some kernels count those that
		 * nobody wants any more, for a while.
		 */
		.max_expected = 2 * RTSP_HOLES,
	},
	.active = true,
	.help = rtsp2_help,
	.module = THIS_MODULE,
};

static int set_timeout(const char *text, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(text, param, 1, RTSP_TIMEOUT_MAX);

	if (!err)
		alg_set_timeout(&rtsp2, rtsp2.policy[0].timeout);
	return err;
}

static const struct kernel_param_ops timeout_ops = {
	.set = set_timeout,
	.get = param_get_uint,
};

module_param_cb(timeout, &timeout_ops, &rtsp2.policy[0].timeout, 0644);
MODULE_PARM_DESC(timeout,
		 "seconds that a session lives without a request, if its server does not say (60)");

static const char destination[] = "destination", source[] = "source";

/* Is this what a text begins with, up to @len? */
static bool is_name(const char *text, size_t len, const char *name)
{
	return len == strlen(name) && !memcmp(text, name, len);
}

static int set_loose(const char *text, const struct kernel_param *param)
{
	bool client = false, server = false;
	size_t len;

	for (; *text && *text != '\n'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",\n");
		if (is_name(text, len, destination))
			client = true;
		else if (is_name(text, len, source))
			server = true;
		else
			return -EINVAL;
	}
	WRITE_ONCE(rtsp2.loose, client);
	WRITE_ONCE(rtsp2.loose_server, server);
	return 0;
}

static int get_loose(char *text, const struct kernel_param *param)
{
	return sprintf(text, "%s%s%s\n", rtsp2.loose ? destination : "",
		       rtsp2.loose && rtsp2.loose_server ? "," : "",
		       rtsp2.loose_server ? source : "");
}

static const struct kernel_param_ops loose_ops = {
	.set = set_loose,
	.get = get_loose,
};

module_param_cb(loose, &loose_ops, NULL, 0644);
MODULE_PARM_DESC(loose,
		 "let media go to (destination), or come from (source), a third party: either or both, with a comma (none)");

module_param_named(takeover, rtsp2.takeover, bool, 0644);
MODULE_PARM_DESC(takeover, "also in a dialogue that another gateway began (N)");

static int rtsp2_help(struct sk_buff *skb, unsigned int protoff,
		      struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	if (alg_dormant(ct))
		return NF_ACCEPT;
	return alg_help(skb, protoff, ct, ctinfo, &rtsp2, alg_data(ct));
}

static int __init rtsp2_init(void)
{
	return alg_register(&rtsp2);
}

static void __exit rtsp2_exit(void)
{
	alg_unregister(&rtsp2);
}

module_init(rtsp2_init);
module_exit(rtsp2_exit);
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Connection tracking helper for RTSP: opens what both ends agreed on");
MODULE_ALIAS_NFCT_HELPER("rtsp2");
MODULE_ALIAS_NF_NAT_HELPER("rtsp2");
