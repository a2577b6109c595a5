// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deletes entries of the connection tracking table while it is read
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "conntrack.h"
#include "evict.h"

/* Deletions that are under way at once: their answers fit in the receive buffer */
#define BATCH			64
/* Room for one; the attributes of an IPv6 entry have 124 bytes */
#define DELETION_LEN		512

static struct {
	struct nl nl;
	struct eviction *evictions;
	unsigned int n_evictions;
	/* Not sent yet */
	char buf[BATCH * DELETION_LEN] __attribute__((aligned(8)));
	size_t len;
	unsigned int n;
	struct eviction *of[BATCH];
} batch;

/*
 * An entry that has gone by itself does not count. One that cannot be deleted keeps no
 * other from being deleted.
 */
static int send_batch(void)
{
	uint32_t seq = batch.nl.seq - batch.n;
	unsigned int i;
	int ret = 0;

	if (batch.n && mnl_socket_sendto(batch.nl.sock, batch.buf, batch.len) < 0)
		return -errno;
	/* After ENOBUFS the other answers are lost, too. */
	for (i = 0; i < batch.n && ret != -ENOBUFS; i++) {
		ret = nl_receive(&batch.nl, ++seq, NULL, NULL);
		if (!ret) {
			batch.of[i]->deleted++;
		} else if (ret != -ENOENT) {
			batch.of[i]->failed++;
			batch.of[i]->error = ret;
		}
	}
	batch.n = 0;
	batch.len = 0;
	return 0;
}

/* The tuple of the original direction, its zone, and the id, so that it is no other */
static void put_deletion(const struct nlmsghdr *entry, struct eviction *of)
{
	struct nlmsghdr *nlh;
	const struct nlattr *attr;

	nlh = nfnl_message(batch.buf + batch.len,
			   NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
			   of->source->family);
	mnl_attr_for_each(attr, entry, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
		case CTA_ZONE:
		case CTA_ID:
			if (nlh->nlmsg_len + MNL_ALIGN(attr->nla_len) > DELETION_LEN)
				return;
			mnl_attr_put(nlh, attr->nla_type, mnl_attr_get_payload_len(attr),
				     mnl_attr_get_payload(attr));
		}
	}
	nlh->nlmsg_seq = ++batch.nl.seq;
	batch.of[batch.n++] = of;
	batch.len += nlh->nlmsg_len;
}

static int evict_cb(const struct nlmsghdr *nlh, void *data __attribute__((unused)))
{
	/* All of them, also those that did not count */
	static const struct counting how = { .by = BY_SRC, .zones = true };
	struct eviction *eviction;
	struct key key;
	uint32_t id;

	if (!key_parse(nlh, &how, &key, &id))
		return 0;
	for (eviction = batch.evictions; eviction < batch.evictions + batch.n_evictions;
	     eviction++) {
		if (eviction->source->zone == key.zone && key_within(&key, eviction->source)) {
			put_deletion(nlh, eviction);
			break;
		}
	}
	return batch.n == BATCH ? send_batch() : 0;
}

/**
 * evict - delete all entries of some sources
 * @nl: a socket of NETLINK_NETFILTER
 * @evictions: the sources, and what becomes of their entries
 * @n: how many there are
 *
 * Returns 0 or a negative errno, see conntrack_error(): not all was tried then.
 */
int evict(struct nl *nl, struct eviction *evictions, unsigned int n)
{
	int ret;

	batch.evictions = evictions;
	batch.n_evictions = n;
	batch.n = 0;
	batch.len = 0;
	ret = nl_open(&batch.nl, NETLINK_NETFILTER);
	if (!ret)
		ret = conntrack_dump(nl, AF_UNSPEC, evict_cb, NULL);
	if (!ret)
		ret = send_batch();
	nl_close(&batch.nl);
	return ret;
}
