// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that a rule logs, from the kernel's nfnetlink_log
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include "../lib/program.h"
#include "nflog.h"

#define GROUPS		64		/* the last ones, which rules hardly have */
#define SOCKET_BUFFER	(2 << 20)	/* some 10,000 packets, or a second */
#define KERNEL_BUFFER	(32 << 10)	/* no more than struct nl has room for */
#define KERNEL_TIMEOUT	10		/* hundredths of a second that a packet waits there */

static struct nlmsghdr *config_message(char *buf, const struct nflog *log, uint8_t command)
{
	struct nfulnl_msg_config_cmd cmd = { .command = command };
	struct nlmsghdr *nlh = nfnl_message(buf, (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG, 0,
					    AF_UNSPEC);
	struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);

	header->res_id = htons(log->group);
	mnl_attr_put(nlh, NFULA_CFG_CMD, sizeof(cmd), &cmd);
	return nlh;
}

static int bind_group(struct nflog *log, uint32_t range)
{
	char buf[256] __attribute__((aligned(8))) = { 0 };
	struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(range),
		.copy_mode = NFULNL_COPY_PACKET,
	};
	struct nlmsghdr *nlh = config_message(buf, log, NFULNL_CFG_CMD_BIND);

	mnl_attr_put(nlh, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(nlh, NFULA_CFG_NLBUFSIZ, htonl(KERNEL_BUFFER));
	mnl_attr_put_u32(nlh, NFULA_CFG_TIMEOUT, htonl(KERNEL_TIMEOUT));
	mnl_attr_put_u16(nlh, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return nl_request(&log->nl, nlh, NULL, NULL);
}

/**
 * nflog_open - take a group that nobody has
 * @log: the group
 * @range: so many bytes of a packet are wanted, at most NFLOG_RANGE
 *
 * Returns 0 or a negative errno. nflog_close() is allowed in either case.
 */
int nflog_open(struct nflog *log, uint32_t range)
{
	int size = SOCKET_BUFFER;
	int ret = nl_open(&log->nl, NETLINK_NETFILTER);
	unsigned int i;

	if (ret)
		return ret;
	/* Without root in the first user namespace, what is allowed to anyone has to do. */
	if (setsockopt(mnl_socket_get_fd(log->nl.sock), SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)))
		setsockopt(mnl_socket_get_fd(log->nl.sock), SOL_SOCKET, SO_RCVBUF, &size,
			   sizeof(size));
	/* A group that somebody has is refused as if there was no permission. */
	for (i = 0; i < GROUPS; i++) {
		log->group = UINT16_MAX - i;
		ret = bind_group(log, range);
		if (ret != -EPERM && ret != -EBUSY)
			break;
	}
	return ret;
}

/**
 * nflog_flush - have the kernel send what it still holds, after which nothing comes
 *
 * Returns 0 or a negative errno.
 */
int nflog_flush(struct nflog *log)
{
	char buf[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = config_message(buf, log, NFULNL_CFG_CMD_UNBIND);

	return mnl_socket_sendto(log->nl.sock, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

/**
 * nflog_close - the group is free again
 */
void nflog_close(struct nflog *log)
{
	nl_close(&log->nl);
}

static bool parse(const struct nlmsghdr *nlh, struct logged *logged)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);
	const struct nfulnl_msg_packet_timestamp *stamp;
	const struct nfulnl_msg_packet_hdr *packet;
	const struct nlattr *attr;

	memset(logged, 0, sizeof(*logged));
	logged->family = header->nfgen_family;
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		switch (mnl_attr_get_type(attr)) {
		case NFULA_PACKET_HDR:
			if (mnl_attr_get_payload_len(attr) < sizeof(*packet))
				return false;
			packet = mnl_attr_get_payload(attr);
			logged->hook = packet->hook;
			break;
		case NFULA_TIMESTAMP:
			if (mnl_attr_get_payload_len(attr) < sizeof(*stamp))
				return false;
			stamp = mnl_attr_get_payload(attr);
			logged->when.tv_sec = be64toh(stamp->sec);
			logged->when.tv_usec = be64toh(stamp->usec);
			break;
		case NFULA_IFINDEX_INDEV:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
				return false;
			logged->in = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFULA_IFINDEX_OUTDEV:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
				return false;
			logged->out = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFULA_SEQ:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
				return false;
			logged->seq = ntohl(mnl_attr_get_u32(attr));
			break;
		case NFULA_PREFIX:
			if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
				return false;
			logged->prefix = mnl_attr_get_str(attr);
			break;
		case NFULA_PAYLOAD:
			logged->data = mnl_attr_get_payload(attr);
			logged->len = mnl_attr_get_payload_len(attr);
			break;
		}
	}
	if (!logged->when.tv_sec)
		gettimeofday(&logged->when, NULL);
	return logged->prefix && logged->data &&
	       (logged->family == AF_INET || logged->family == AF_INET6);
}

/**
 * nflog_read - read what has come, and do not wait
 * @log: the group
 * @cb: takes each packet
 * @data: for @cb
 *
 * Returns 1 if there may be more, 0 if there is nothing, or a negative errno; -ENOBUFS:
 * packets are lost. After @cb has refused, what came with that packet is gone.
 */
int nflog_read(struct nflog *log, logged_cb *cb, void *data)
{
	const struct nlmsghdr *nlh;
	struct logged logged;
	ssize_t got;
	int len;

	do {
		got = recv(mnl_socket_get_fd(log->nl.sock), log->nl.buf, sizeof(log->nl.buf),
			   MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	len = got;
	for (nlh = (const void *)log->nl.buf; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET) ||
		    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
			continue;
		if (parse(nlh, &logged) && !cb(&logged, data))
			break;
	}
	return 1;
}
