// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a grammar ask for what can be done? The core does nothing else: a
 * grammar reads what strangers write, and may be wrong.
 */

#include "protocol.h"

static bool from_valid(const struct alg_endpoint *e,
		       const struct alg_ends *ends)
{
	return e->who < ALG_FROM_ADDR || e->who == ALG_FROM_ANY ||
	       (e->who == ALG_FROM_ADDR &&
		e->from.len == ends->client[ALG_OWN_INNER].len);
}

static bool endpoint_valid(const struct alg_endpoint *e,
			   const struct alg_ends *ends)
{
	const struct alg_addr *own = e->to_client ? ends->client : ends->server;
	u8 len = own[ALG_OWN_INNER].len;

	if (e->port < ALG_PORT_MIN || (e->pair && e->port & 1))
		return false;
	if (e->addr.len != len || !from_valid(e, ends))
		return false;
	if (e->own == ALG_OWN_NOT)
		return ends->loose || (ends->loose_server && !e->to_client);
	return e->own < ALG_OWN_NOT && alg_addr_same(&e->addr, &own[e->own]);
}

static bool rewrite_valid(const struct alg_line *line,
			  const struct alg_ends *ends,
			  const struct alg_action *a, unsigned int from)
{
	/* Of half a line, nobody knows yet what it says. */
	if (!line->whole || line->cut)
		return false;
	if (!a->len || a->at < from || a->at + a->len > line->len)
		return false;
	if (a->view > ALG_VIEW_BACK || !alg_line_solid(line, a->at, a->len))
		return false;
	return a->hole != ALG_HOLE_NONE || endpoint_valid(&a->end, ends);
}

static bool why_valid(const struct alg_protocol *protocol, u8 why)
{
	return why < ALG_WHY_PROTOCOL + protocol->whys;
}

static bool holes_valid(const struct alg_protocol *protocol, u32 holes)
{
	return protocol->holes >= ALG_HOLES || !(holes >> protocol->holes);
}

/**
 * alg_next_valid() - can this be the next unit?
 * @protocol: whose grammar says so
 * @v: what it says of a whole unit
 *
 * Context: any.
 */
bool alg_next_valid(const struct alg_protocol *protocol,
		    const struct alg_verdict *v)
{
	if (v->next == ALG_UNIT_HEAD && !protocol->head.len)
		return false;
	return v->next <= ALG_UNIT_END && v->skip <= ALG_SKIP_MAX;
}

/**
 * alg_actions_valid() - can this list be carried out?
 * @protocol: whose grammar made it
 * @line: of which unit
 * @ends: of the connection
 * @v: the list
 *
 * Context: any.
 * Return: false if any of it cannot; then nothing of it is to be done
 */
bool alg_actions_valid(const struct alg_protocol *protocol,
		       const struct alg_line *line, const struct alg_ends *ends,
		       const struct alg_verdict *v)
{
	const struct alg_action *a, *over;
	unsigned int end = 0, rewrites = 0;
	u32 bit, made = 0;
	bool known;

	if (v->count > ALG_ACTIONS || !why_valid(protocol, v->why))
		return false;
	over = v->action + v->count;
	for (a = v->action; a < over; a++) {
		known = a->hole < protocol->holes;
		bit = 1U << (a->hole & 31);
		switch (a->act) {
		case ALG_CLOSE:
			if (!known || !holes_valid(protocol, a->also))
				return false;
			made &= ~(bit | a->also);
			break;
		case ALG_OFFER:
		case ALG_OPEN:
			if (!known || !line->whole ||
			    a->class >= protocol->classes)
				return false;
			/* The hole that is there, whatever was done to it */
			if (a->act == ALG_OPEN && !a->end.port) {
				if (!holes_valid(protocol, a->also) ||
				    !from_valid(&a->end, ends))
					return false;
				break;
			}
			if (a->also || made & bit || !endpoint_valid(&a->end, ends))
				return false;
			made |= bit;
			break;
		case ALG_REWRITE:
			if ((!known && a->hole != ALG_HOLE_NONE) ||
			    ++rewrites > ALG_REWRITES ||
			    !rewrite_valid(line, ends, a, end))
				return false;
			end = a->at + a->len;
			break;
		case ALG_DORMANT:
			return a + 1 == over && why_valid(protocol, a->why);
		default:
			return false;
		}
	}
	return true;
}
