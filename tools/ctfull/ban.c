// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done to offenders, and told of it: they are put into sets of nftables, a command
 * is run, and their entries are deleted
 */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/program.h"
#include "ban.h"
#include "conntrack.h"
#include "evict.h"
#include "exec.h"
#include "report.h"

/* How many bits of an IPv6 address count if nothing is said */
#define PREFIX6			64

#define TAKES_NETWORKS		"make it with \"flags timeout, interval\""

/* --- Sets --- */

static const struct nftset *set_for(const struct bans *bans, uint8_t family)
{
	unsigned int i;

	for (i = 0; i < bans->n_sets; i++)
		if (bans->sets[i].family == family)
			return &bans->sets[i];
	return NULL;
}

/*
 * Returns nftset_look_up()'s errors. Where a set takes no networks, @prefix6 becomes 128,
 * if the option does not say otherwise.
 */
static int look_up_set(const struct bans *bans, struct nl *nl, struct nftset *set,
		       unsigned int *prefix6, char *why, size_t size)
{
	int ret = nftset_look_up(nl, &bans->table, set, why, size);

	if (ret)
		return ret;
	if (set != bans->sets && set->family == bans->sets->family) {
		snprintf(why, size,
			 "--set %s: has the same type as --set %s; one must be ipv4_addr, the other ipv6_addr",
			 set->name, bans->sets->name);
	} else if (set->family == AF_INET6 && !set->interval && bans->prefix6 &&
		   bans->prefix6 != 128) {
		snprintf(why, size, "--prefix6 %u: --set %s takes no networks; " TAKES_NETWORKS,
			 bans->prefix6, set->name);
	} else {
		if (set->family == AF_INET6 && !set->interval)
			*prefix6 = 128;
		return 0;
	}
	set->family = 0;
	return -EINVAL;
}

/**
 * bans_look_up_sets - find out what can be banned
 * @bans: has the sets, as they are now
 * @nl: a socket of NETLINK_NETFILTER
 * @how: the members @prefix6, @ipv4 and @ipv6 are set
 * @start: end the program if a set is wrong, and stays so
 *
 * Another set that cannot be used is told, and keeps no other from being used. Returns
 * whether any can be.
 */
bool bans_look_up_sets(struct bans *bans, struct nl *nl, struct judgment *how, bool start)
{
	struct nftset *set;
	char why[512];
	int ret;

	how->prefix6 = bans->prefix6 ? bans->prefix6 : PREFIX6;
	for (set = bans->sets; set < bans->sets + bans->n_sets; set++) {
		ret = look_up_set(bans, nl, set, &how->prefix6, why, sizeof(why));
		if (start && (ret == -EINVAL || ret == -EPERM))
			errx(EXIT_ERROR, "%s", why);
		if (ret)
			warn_once("%s", why);
		else if (start && set->family == AF_INET6 && !set->interval && !bans->prefix6)
			warnx("--set %s: bans of single IPv6 addresses only; " TAKES_NETWORKS,
			      set->name);
	}
	how->ipv4 = set_for(bans, AF_INET);
	how->ipv6 = set_for(bans, AF_INET6);
	return how->ipv4 || how->ipv6;
}

/* --- What is told --- */

/* A reader that has gone is no reason to stop. Frees @json. */
__attribute__((format(printf, 3, 4)))
static void print_line(const struct bans *bans, json_t *json, const char *format, ...)
{
	va_list args;

	if (bans->json) {
		json_dumpf(json, stdout, JSON_COMPACT | JSON_DIGITS);
	} else {
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	putchar('\n');
	fflush(stdout);
	clearerr(stdout);
	json_decref(json);
}

/* An offender, as lines tell of it */
struct texts {
	char source[KEY_LEN], percent[16], entries[16], zone[16], in_zone[24];
};

static void get_texts(const struct offender *offender, const struct fill *fill,
		      struct texts *texts)
{
	unsigned int share = per_mille(offender->entries, fill->whole);
	unsigned int zone = offender->source.zone;

	key_text(&offender->source, texts->source);
	snprintf(texts->percent, sizeof(texts->percent), "%u.%u", share / 10, share % 10);
	snprintf(texts->entries, sizeof(texts->entries), "%u", offender->entries);
	snprintf(texts->zone, sizeof(texts->zone), "%u", zone);
	snprintf(texts->in_zone, sizeof(texts->in_zone), zone ? " in zone %u" : "", zone);
}

/* What all events have. The caller adds to it, and frees it. */
static json_t *event_json(const char *event, const struct offender *offender,
			  unsigned int entries)
{
	char source[KEY_LEN];
	json_t *json;

	json = json_pack("{s:s, s:s, s:i, s:I}", "event", event,
			 "source", key_text(&offender->source, source),
			 "zone", offender->source.zone, "entries", (json_int_t)entries);
	if (!json)
		no_memory();
	return json;
}

static void add_fill(json_t *json, const struct offender *offender, const struct fill *fill)
{
	json_object_set_new(json, "percent", json_percent(offender->entries, fill->whole));
	json_object_set_new(json, "of", json_integer(fill->whole));
}

/* What is in the environment is for the command, nobody else looks at it. */
static void start_command(const struct bans *bans, const struct texts *texts, uint32_t level)
{
	setenv("CTFULL_SOURCE", texts->source, 1);
	setenv("CTFULL_SHARE", texts->percent, 1);
	setenv("CTFULL_ENTRIES", texts->entries, 1);
	setenv("CTFULL_LEVEL", level_name(level), 1);
	setenv("CTFULL_ZONE", texts->zone, 1);
	exec_start(bans->exec, texts->source);
}

static void tell_eviction(const struct bans *bans, const struct offender *offender,
			  unsigned int entries)
{
	json_t *json = event_json("evict", offender, entries);
	char source[KEY_LEN];

	if (bans->dry_run)
		json_object_set_new(json, "dry_run", json_true());
	print_line(bans, json, "%sevict %s: %u entries", bans->dry_run ? "would " : "",
		   key_text(&offender->source, source), entries);
}

static void tell_ban(const struct bans *bans, const struct offender *offender,
		     const struct fill *fill)
{
	json_t *json = event_json("ban", offender, offender->entries);
	struct texts texts;

	get_texts(offender, fill, &texts);
	add_fill(json, offender, fill);
	json_object_set_new(json, "timeout", json_integer(bans->timeout_s));
	json_object_set_new(json, "set",
			    json_name(set_for(bans, offender->source.family)->name));
	json_object_set_new(json, "level", json_string(level_name(fill->level)));
	json_object_set_new(json, "dry_run", json_boolean(bans->dry_run));
	print_line(bans, json,
		   "%sban %s%s for %us: %s%% of the table (%s of %llu entries), level %s",
		   bans->dry_run ? "would " : "", texts.source, texts.in_zone, bans->timeout_s,
		   texts.percent, texts.entries, (unsigned long long)fill->whole,
		   level_name(fill->level));
	if (bans->dry_run && bans->evict)
		tell_eviction(bans, offender, offender->entries);
	if (!bans->dry_run && bans->exec)
		start_command(bans, &texts, fill->level);
}

static void tell_spared(const struct bans *bans, const struct offender *offender,
			const struct fill *fill)
{
	json_t *json = event_json("spare", offender, offender->entries);
	struct texts texts;

	get_texts(offender, fill, &texts);
	add_fill(json, offender, fill);
	json_object_set_new(json, "why", json_string(offender->spared));
	print_line(bans, json, "spare %s%s, which has %s%% of the table (%s of %llu entries): %s",
		   texts.source, texts.in_zone, texts.percent, texts.entries,
		   (unsigned long long)fill->whole, offender->spared);
}

/*
 * Was nothing told of @source for as long as a ban lasts? Then something is now. If there
 * is no room, what is oldest makes way.
 */
static bool is_news(const struct bans *bans, const struct key *source)
{
	static struct {
		struct key source;
		long long until;
	} told[256], *at, *oldest = told;
	long long now = now_ms();

	for (at = told; at < told + ARRAY_SIZE(told); at++) {
		if (at->until > now && !memcmp(&at->source, source, sizeof(*source)))
			return false;
		if (at->until < oldest->until)
			oldest = at;
	}
	oldest->source = *source;
	oldest->until = now + bans->timeout_s * 1000LL;
	return true;
}

/* --- What is done --- */

static void warn_of_ban(const struct nftset_item *item, int error)
{
	char source[KEY_LEN];

	if (error == -EEXIST)
		warn_once("cannot ban %s: --set %s: some of these addresses are in it already; %s",
			  key_text(item->key, source), item->set->name, "take them out");
	else if (error == -ENFILE || error == -ENOSPC)
		warn_once("cannot ban: --set %s: it is full; make it with a larger \"size\"",
			  item->set->name);
	else
		warn_once("cannot ban: --set %s: %s", item->set->name, strerror(-error));
}

/* All in one transaction; if that fails, each on its own. Returns how many are left. */
static unsigned int put_into_sets(const struct bans *bans, struct nl *nl,
				  const struct offender **banned, unsigned int n)
{
	uint64_t timeout_ms = bans->timeout_s * 1000ULL;
	struct nftset_item items[OFFENDERS_MAX];
	unsigned int i, done = 0;
	int ret;

	for (i = 0; i < n; i++) {
		items[i].set = set_for(bans, banned[i]->source.family);
		items[i].key = &banned[i]->source;
	}
	ret = nftset_add(nl, &bans->table, items, n, timeout_ms);
	for (i = 0; i < n; i++) {
		int error = ret;

		if (ret && n > 1)
			error = nftset_add(nl, &bans->table, &items[i], 1, timeout_ms);
		/* Somebody else was first, or has put only a part of it there. */
		if (error == -EEXIST && nftset_has(nl, &bans->table, &items[i]) == 1)
			error = 0;
		if (error)
			warn_of_ban(&items[i], error);
		else
			banned[done++] = banned[i];
	}
	return done;
}

static void evict_offenders(const struct bans *bans, struct nl *nl,
			    const struct offender **banned, unsigned int n)
{
	struct eviction evictions[OFFENDERS_MAX] = { 0 };
	char source[KEY_LEN];
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++)
		evictions[i].source = &banned[i]->source;
	ret = evict(nl, evictions, n);
	if (ret)
		warn_once("--evict: %s", conntrack_error(ret));
	for (i = 0; i < n; i++) {
		if (evictions[i].failed)
			warn_once("--evict %s: some entries cannot be deleted: %s",
				  key_text(&banned[i]->source, source),
				  conntrack_error(evictions[i].error));
		if (evictions[i].deleted)
			tell_eviction(bans, banned[i], evictions[i].deleted);
	}
}

/**
 * ban_offenders - do what is to be done, and tell of it
 * @bans: what that is; bans_look_up_sets() has looked at the sets
 * @nl: a socket of NETLINK_NETFILTER
 * @offenders: to whom
 * @n: how many they are, up to OFFENDERS_MAX
 * @fill: why
 */
void ban_offenders(const struct bans *bans, struct nl *nl, const struct offender *offenders,
		   unsigned int n, const struct fill *fill)
{
	/* Who is in the sets, at first by this or another guard, or by hand; and who is not */
	const struct offender *banned[OFFENDERS_MAX], *new[OFFENDERS_MAX];
	unsigned int n_banned = 0, n_new = 0, i;
	const struct offender *offender;
	struct nftset_item item;

	for (offender = offenders; offender < offenders + n; offender++) {
		if (offender->spared) {
			if (is_news(bans, &offender->source))
				tell_spared(bans, offender, fill);
			continue;
		}
		item.set = set_for(bans, offender->source.family);
		item.key = &offender->source;
		if (nftset_has(nl, &bans->table, &item) == 1)
			banned[n_banned++] = offender;
		else if (!bans->dry_run || is_news(bans, &offender->source))
			new[n_new++] = offender;
	}
	if (n_new && !bans->dry_run)
		n_new = put_into_sets(bans, nl, new, n_new);
	for (i = 0; i < n_new; i++) {
		tell_ban(bans, new[i], fill);
		banned[n_banned++] = new[i];
	}
	if (n_banned && bans->evict && !bans->dry_run)
		evict_offenders(bans, nl, banned, n_banned);
}
