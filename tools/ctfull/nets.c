// SPDX-License-Identifier: GPL-2.0-only
/*
 * Networks, and which of them are this machine's own: the addresses of its interfaces,
 * and whatever a route makes local beside these (AnyIP, TPROXY, broadcast, anycast).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include "ctfull.h"

/* A dump that was interrupted may lack something; what any of so many has is taken. */
#define TRIES			5

/* Shorter than that, it is a route for everything, or half of it. */
#define CATCH_ALL_BITS		4

unsigned int key_bits(const struct key *key)
{
	return key->protocol ? key->protocol : key->family == NFPROTO_IPV6 ? 128 : 32;
}

/* Is all of @key in @net, in whatever zone? */
bool key_within(const struct key *key, const struct key *net)
{
	unsigned int bits = key_bits(net);
	struct key masked = *key;

	if (key->family != net->family || key_bits(key) < bits)
		return false;
	key_mask(&masked, bits);
	return !memcmp(masked.addr, net->addr, sizeof(masked.addr));
}

const char *key_text(const struct key *key, char *text)
{
	size_t len;

	addr_text(key->family, key->addr, text);
	len = strlen(text);
	if (key->protocol)
		snprintf(text + len, KEY_LEN - len, "/%u", key->protocol);
	return text;
}

/* @bits: of the network; no key can say that of 0 bits count. */
static void add_net(struct nets *nets, uint8_t family, const void *addr, unsigned int bits,
		    const char *why)
{
	struct net *list = reallocarray(nets->list, nets->n + 1, sizeof(*list)), *net;

	if (!list)
		no_memory();
	nets->list = list;
	net = &list[nets->n++];
	memset(net, 0, sizeof(*net));
	net->key.family = family;
	memcpy(net->key.addr, addr, family == NFPROTO_IPV6 ? 16 : 4);
	key_mask(&net->key, bits);
	net->all = !bits;
	net->why = why;
}

/* The first one that has all of @key, or NULL */
const struct net *nets_find(const struct nets *nets, const struct key *key)
{
	unsigned int i;

	for (i = 0; i < nets->n; i++) {
		const struct net *net = &nets->list[i];

		if (net->all ? net->key.family == key->family : key_within(key, &net->key))
			return net;
	}
	return NULL;
}

static void parse_net(struct nets *nets, char *text, const char *why)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *slash = strchr(text, '/');
	unsigned int bits, full;
	uint8_t addr[16];
	uint8_t family;
	char name[96];

	if (!*text)
		die("--never: an address is needed before and after each comma");
	if (slash)
		*slash = 0;
	snprintf(name, sizeof(name), "--never %.50s: the number of bits", text);
	if (inet_pton(AF_INET, text, addr) == 1)
		family = NFPROTO_IPV4;
	else if (inet_pton(AF_INET6, text, addr) == 1)
		family = NFPROTO_IPV6;
	else
		die("--never %s%s%s: an address or ADDRESS/BITS is needed", text,
		    slash ? "/" : "", slash ? slash + 1 : "");
	full = family == NFPROTO_IPV4 ? 32 : 128;
	bits = slash ? number(name, slash + 1, 0, full) : full;
	/* As a program with sockets for both writes an IPv4 address */
	if (family == NFPROTO_IPV6 && bits >= 96 && !memcmp(addr, mapped, sizeof(mapped)))
		add_net(nets, NFPROTO_IPV4, addr + 12, bits - 96, why);
	else
		add_net(nets, family, addr, bits, why);
}

/* @text: networks with commas between them */
void nets_parse(struct nets *nets, const char *text, const char *why)
{
	char *copy = strdup(text), *rest = copy, *item;

	if (!copy)
		no_memory();
	while ((item = strsep(&rest, ",")))
		parse_net(nets, item, why);
	free(copy);
}

void nets_free(struct nets *nets)
{
	free(nets->list);
	memset(nets, 0, sizeof(*nets));
}

static int add_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(nlh);
	size_t len = header->ifa_family == AF_INET ? 4 : 16;
	const void *addr = NULL;
	const struct nlattr *attr;

	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return 0;
	/* On a point-to-point link, IFA_ADDRESS is the other end's, and IFA_LOCAL comes too */
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) == len &&
		    (type == IFA_LOCAL || (type == IFA_ADDRESS && !addr)))
			addr = mnl_attr_get_payload(attr);
	}
	if (addr)
		add_net(data, header->ifa_family, addr, len * 8,
			"it is this machine's address");
	return 0;
}

static int add_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(nlh);
	size_t len = header->rtm_family == AF_INET ? 4 : 16;
	uint32_t table = header->rtm_table;
	const struct nlattr *attr;
	struct nets *nets = data;
	uint8_t addr[16] = { 0 };

	/* A kernel that does not filter gives all of them. */
	if ((header->rtm_family != AF_INET && header->rtm_family != AF_INET6) ||
	    (header->rtm_type != RTN_LOCAL && header->rtm_type != RTN_ANYCAST &&
	     header->rtm_type != RTN_BROADCAST))
		return 0;
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		if (mnl_attr_get_type(attr) == RTA_DST && mnl_attr_get_payload_len(attr) == len)
			memcpy(addr, mnl_attr_get_payload(attr), len);
		else if (mnl_attr_get_type(attr) == RTA_TABLE &&
			 mnl_attr_get_payload_len(attr) == sizeof(table))
			table = mnl_attr_get_u32(attr);
	}
	if (header->rtm_dst_len < CATCH_ALL_BITS)
		nets->catch_all = table;
	else
		add_net(nets, header->rtm_family, addr, header->rtm_dst_len,
			"a route makes it this machine's address");
	return 0;
}

static int dump(struct nl *nl, uint16_t type, const void *header, size_t len, nl_cb *cb,
		struct nets *nets)
{
	char buf[64] __attribute__((aligned(8)));
	int ret, tries;

	for (tries = 0; tries < TRIES; tries++) {
		ret = nl_request(nl, nl_message(buf, type, NLM_F_DUMP, header, len), cb, nets);
		if (ret || !nl->interrupted)
			break;
	}
	return ret;
}

/*
 * Adds this machine's addresses; 0 or a negative errno. A route that makes everything
 * local, which is how TPROXY catches packets to whatever address, says nothing of who
 * sends them, and would leave nobody to be banned: it is only told, in @nets->catch_all.
 */
int nets_local(struct nets *nets)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t types[] = { RTN_LOCAL, RTN_ANYCAST, RTN_BROADCAST };
	struct ifaddrmsg addresses = { .ifa_family = AF_UNSPEC };
	struct rtmsg routes = { 0 };
	static struct nl nl;
	unsigned int i, j;
	int ret, on = 1;

	nets_parse(nets, "127.0.0.0/8,::1", "it is this machine's address");
	ret = nl_open(&nl, NETLINK_ROUTE);
	if (ret)
		return ret;
	ret = dump(&nl, RTM_GETADDR, &addresses, sizeof(addresses), add_address, nets);
	/* The kernel then leaves out all other routes: a router may have a million. */
	mnl_socket_setsockopt(nl.sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (j = 0; !ret && j < ARRAY_SIZE(types); j++) {
			routes.rtm_family = families[i];
			routes.rtm_type = types[j];
			ret = dump(&nl, RTM_GETROUTE, &routes, sizeof(routes), add_route, nets);
			/* A kernel without IPv6 */
			if (ret == -EOPNOTSUPP && families[i] == AF_INET6)
				ret = 0;
		}
	}
	nl_close(&nl);
	return ret;
}
