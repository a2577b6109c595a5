// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection that a packet nearly belonged to: the entry with its addresses and ports
 */
#include <arpa/inet.h>
#include <string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "../lib/program.h"
#include "connection.h"

static size_t addr_len(const struct ends *ends)
{
	return ends->family == AF_INET6 ? 16 : 4;
}

static void put_tuple(struct nlmsghdr *nlh, const struct ends *ends)
{
	bool ipv6 = ends->family == AF_INET6;
	struct nlattr *tuple, *nest;

	tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put(nlh, ipv6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, addr_len(ends), ends->src);
	mnl_attr_put(nlh, ipv6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, addr_len(ends), ends->dst);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, ends->protocol);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(ends->sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(ends->dport));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

static bool get_addr(const struct nlattr *attr, uint8_t *addr, size_t len)
{
	if (mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(addr, mnl_attr_get_payload(attr), len);
	return true;
}

static void parse_ip(const struct nlattr *nest, struct ends *ends)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_IP_V4_SRC:
			ends->family = get_addr(attr, ends->src, 4) ? AF_INET : 0;
			break;
		case CTA_IP_V4_DST:
			get_addr(attr, ends->dst, 4);
			break;
		case CTA_IP_V6_SRC:
			ends->family = get_addr(attr, ends->src, 16) ? AF_INET6 : 0;
			break;
		case CTA_IP_V6_DST:
			get_addr(attr, ends->dst, 16);
			break;
		}
	}
}

static void parse_proto(const struct nlattr *nest, struct ends *ends)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTO_NUM:
			if (mnl_attr_validate(attr, MNL_TYPE_U8) >= 0)
				ends->protocol = mnl_attr_get_u8(attr);
			break;
		case CTA_PROTO_SRC_PORT:
			if (mnl_attr_validate(attr, MNL_TYPE_U16) < 0)
				break;
			ends->sport = ntohs(mnl_attr_get_u16(attr));
			ends->has_ports = true;
			break;
		case CTA_PROTO_DST_PORT:
			if (mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
				ends->dport = ntohs(mnl_attr_get_u16(attr));
			break;
		}
	}
}

static void parse_tuple(const struct nlattr *nest, struct ends *ends)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTA_TUPLE_IP)
			parse_ip(attr, ends);
		else if (mnl_attr_get_type(attr) == CTA_TUPLE_PROTO)
			parse_proto(attr, ends);
	}
}

/* As -m ctstate2 calls them, in the order of their enums */
static const char *const tcp_states[] = {
	"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK",
	"TIME_WAIT", "CLOSE", "SYN_SENT2",
};

static const char *const sctp_states[] = {
	"NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT",
	"SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED",
};

static void parse_state(const struct nlattr *nest, unsigned int type, const char *const *names,
			unsigned int n, const char **state)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type && mnl_attr_validate(attr, MNL_TYPE_U8) >= 0 &&
		    mnl_attr_get_u8(attr) < n)
			*state = names[mnl_attr_get_u8(attr)];
}

static int parse_entry(const struct nlmsghdr *nlh, void *data)
{
	struct connection *connection = data;
	const struct nlattr *attr, *nest;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == CTA_TUPLE_ORIG)
			parse_tuple(attr, &connection->original);
		if (mnl_attr_get_type(attr) != CTA_PROTOINFO)
			continue;
		mnl_attr_for_each_nested(nest, attr) {
			if (mnl_attr_get_type(nest) == CTA_PROTOINFO_TCP)
				parse_state(nest, CTA_PROTOINFO_TCP_STATE, tcp_states,
					    ARRAY_SIZE(tcp_states), &connection->state);
			else if (mnl_attr_get_type(nest) == CTA_PROTOINFO_SCTP)
				parse_state(nest, CTA_PROTOINFO_SCTP_STATE, sctp_states,
					    ARRAY_SIZE(sctp_states), &connection->state);
		}
	}
	return 0;
}

/* What the other end sends */
static struct ends inverted(const struct ends *ends)
{
	struct ends other = *ends;

	memcpy(other.src, ends->dst, sizeof(other.src));
	memcpy(other.dst, ends->src, sizeof(other.dst));
	other.sport = ends->dport;
	other.dport = ends->sport;
	return other;
}

/**
 * connection_find - look up the connection of a packet, or of what it quotes
 * @nl: a socket of NETLINK_NETFILTER
 * @packet: the packet
 * @zone: where it is looked for
 * @connection: what was found
 *
 * A quoted packet is looked for as the tracker does, by what would answer it: it may be
 * translated on its way.
 *
 * Returns whether there is one; also false if the kernel cannot be asked.
 */
bool connection_find(struct nl *nl, const struct packet *packet, uint16_t zone,
		     struct connection *connection)
{
	struct ends ends = packet->has_quoted ? inverted(&packet->quoted) : packet->ends;
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh;

	memset(connection, 0, sizeof(*connection));
	if (!ends.has_ports)
		return false;
	nlh = nfnl_message(buf, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET, 0, ends.family);
	put_tuple(nlh, &ends);
	if (zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(zone));
	if (nl_request(nl, nlh, parse_entry, connection) || !connection->original.family)
		return false;
	connection->reply = memcmp(connection->original.src, ends.src, addr_len(&ends)) ||
			    connection->original.sport != ends.sport;
	return true;
}
