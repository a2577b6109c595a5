// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists of networks
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/options.h"
#include "../lib/program.h"
#include "nets.h"

/**
 * nets_add - add a network
 * @nets: to this list
 * @family: AF_INET or AF_INET6
 * @addr: an address of it
 * @bits: how many of it count, from 0 on
 * @why: of struct net; is kept
 */
void nets_add(struct nets *nets, uint8_t family, const void *addr, unsigned int bits,
	      const char *why)
{
	struct net *list = reallocarray(nets->list, nets->n + 1, sizeof(*list)), *net;

	if (!list)
		no_memory();
	nets->list = list;
	net = &list[nets->n++];
	memset(net, 0, sizeof(*net));
	net->key.family = family;
	memcpy(net->key.addr, addr, family == AF_INET6 ? 16 : 4);
	key_mask(&net->key, bits);
	net->all = !bits;
	net->why = why;
}

/**
 * nets_find - the first network that an address or a network is in
 * @nets: the list
 * @key: the address or network; all of it must be in there
 *
 * Returns NULL if there is none.
 */
const struct net *nets_find(const struct nets *nets, const struct key *key)
{
	const struct net *net;

	for (net = nets->list; net < nets->list + nets->n; net++)
		if (net->all ? net->key.family == key->family : key_within(key, &net->key))
			return net;
	return NULL;
}

static void parse_net(struct nets *nets, const char *option, char *text)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char *slash = strchr(text, '/');
	unsigned int bits, full;
	uint8_t addr[16];
	uint8_t family;

	if (!*text)
		errx(EXIT_ERROR, "%s: there must be an address before and after each comma",
		     option);
	if (slash)
		*slash = 0;
	if (inet_pton(AF_INET, text, addr) == 1)
		family = AF_INET;
	else if (inet_pton(AF_INET6, text, addr) == 1)
		family = AF_INET6;
	else
		errx(EXIT_ERROR, "%s %s%s%s: must be an address, or ADDRESS/BITS", option, text,
		     slash ? "/" : "", slash ? slash + 1 : "");
	full = family == AF_INET ? 32 : 128;
	bits = full;
	if (slash && !parse_number(slash + 1, 0, full, &bits))
		errx(EXIT_ERROR, "%s %s/%s: BITS must be a number from 0 to %u", option, text,
		     slash + 1, full);
	/* As a program with sockets for both writes an IPv4 address */
	if (family == AF_INET6 && bits >= 96 && !memcmp(addr, mapped, sizeof(mapped)))
		nets_add(nets, AF_INET, addr + 12, bits - 96, option);
	else
		nets_add(nets, family, addr, bits, option);
}

/**
 * nets_parse - add networks, or end the program
 * @nets: to this list
 * @option: which option they are of; is kept as net.why
 * @text: networks with commas between them
 */
void nets_parse(struct nets *nets, const char *option, const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;

	if (!copy)
		no_memory();
	while ((item = strsep(&rest, ",")))
		parse_net(nets, option, item);
	free(copy);
}

/**
 * nets_free - make a list empty
 * @nets: the list
 */
void nets_free(struct nets *nets)
{
	free(nets->list);
	memset(nets, 0, sizeof(*nets));
}
