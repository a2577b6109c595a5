// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull monitor - the events of -j CTFULL, as they come
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "../lib/options.h"
#include "../lib/output.h"
#include "../lib/program.h"
#include "commands.h"
#include "events.h"

static bool as_json;
static unsigned int left;		/* so many events are to come; 0: any number */

static const char usage[] =
	"usage: ctfull monitor [OPTION]...\n"
	"\n"
	"Prints the events of -j CTFULL, one per line: changes of the level, and packets that\n"
	"were refused. Goes on when xt_ctfull is loaded anew.\n";

static const struct opt options[] = {
	OPT_FLAG('j', "json", &as_json, "as JSON, an object per line"),
	OPT_NUMBER('c', "count", "N", &left, 1, UINT32_MAX, "ends after N events"),
	{ 0 },
};

static void endpoint(const struct report *event, const uint8_t *addr, bool has_port,
		     uint16_t port, char *text, size_t size)
{
	char a[ADDR_LEN];

	addr_text(event->family, addr, a);
	if (!has_port)
		snprintf(text, size, "%s", a);
	else if (event->family == AF_INET6)
		snprintf(text, size, "[%s]:%u", a, port);
	else
		snprintf(text, size, "%s:%u", a, port);
}

static const char *action_name(uint32_t action)
{
	return action == CTFULL_ACTION_DROP ? "drop" :
	       action == CTFULL_ACTION_UNTRACK ? "untrack" : "unknown";
}

static void print_interface(const char *key, const char *name)
{
	char text[IFNAMSIZ];

	name_text(name, text, sizeof(text));
	if (*text)
		printf(" %s=%s", key, text);
}

static void print_text(const struct report *event)
{
	unsigned int share = per_mille(event->count, event->max);
	bool icmp = report_has(event, CTFULL_A_ICMP_TYPE);
	char src[64], dst[64], name[16];

	if (event->cmd == CTFULL_CMD_LEVEL) {
		printf("level %s count=%u max=%u percent=%u.%u refused=%llu\n",
		       level_name(event->level), event->count, event->max, share / 10,
		       share % 10, (unsigned long long)event->refused);
		return;
	}
	endpoint(event, event->src, report_has(event, CTFULL_A_SPORT) && !icmp, event->sport,
		 src, sizeof(src));
	endpoint(event, event->dst, report_has(event, CTFULL_A_DPORT), event->dport, dst,
		 sizeof(dst));
	printf("refused %s %s %s > %s", action_name(event->action),
	       protocol_name(event->protocol, name, sizeof(name)), src, dst);
	if (icmp)
		printf(" type=%u", event->icmp_type);
	if (icmp && report_has(event, CTFULL_A_SPORT))
		printf(" id=%u", event->sport);
	print_interface("in", event->in);
	print_interface("out", event->out);
	if (event->zone)
		printf(" zone=%u", event->zone);
	if (report_has(event, CTFULL_A_BY_RESERVE))
		printf(" by=reserve");
	printf(" count=%u max=%u refused=%llu suppressed=%llu\n", event->count, event->max,
	       (unsigned long long)event->refused, (unsigned long long)event->suppressed);
}

static void set_integer(json_t *json, const char *key, bool known, json_int_t value)
{
	if (known)
		json_object_set_new(json, key, json_integer(value));
}

static void set_name(json_t *json, const char *key, const char *name)
{
	if (*name)
		json_object_set_new(json, key, json_name(name));
}

static json_t *to_json(const struct report *event, const char *when)
{
	bool icmp = report_has(event, CTFULL_A_ICMP_TYPE);
	char src[ADDR_LEN], dst[ADDR_LEN], name[16];
	json_t *json, *more;

	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "time", when,
			 "event", event->cmd == CTFULL_CMD_LEVEL ? "level" : "refused",
			 "seq", (json_int_t)event->seq, "count", (json_int_t)event->count,
			 "max", (json_int_t)event->max, "refused", (json_int_t)event->refused);
	if (event->cmd == CTFULL_CMD_LEVEL)
		more = json_pack("{s:s, s:I, s:o}", "level", level_name(event->level),
				 "warn_at", (json_int_t)event->warn_at,
				 "percent", json_percent(event->count, event->max));
	else
		more = json_pack("{s:I, s:s, s:b, s:s, s:s, s:s}",
				 "suppressed", (json_int_t)event->suppressed,
				 "action", action_name(event->action),
				 "by_reserve", report_has(event, CTFULL_A_BY_RESERVE),
				 "protocol", protocol_name(event->protocol, name, sizeof(name)),
				 "source", addr_text(event->family, event->src, src),
				 "destination", addr_text(event->family, event->dst, dst));
	if (json_object_update(json, more))
		no_memory();
	json_decref(more);
	/* Only what the packet has */
	set_integer(json, "icmp_type", icmp, event->icmp_type);
	set_integer(json, icmp ? "icmp_id" : "source_port", report_has(event, CTFULL_A_SPORT),
		    event->sport);
	set_integer(json, "destination_port", report_has(event, CTFULL_A_DPORT), event->dport);
	set_name(json, "in", event->in);
	set_name(json, "out", event->out);
	set_integer(json, "zone", event->cmd == CTFULL_CMD_REFUSED, event->zone);
	return json;
}

static void print_event(const struct report *event, uint64_t lost,
			void *data __attribute__((unused)))
{
	char when[32];

	time_text(time(NULL), when, sizeof(when));
	if (lost && as_json)
		json_print(json_pack("{s:s, s:s, s:I}", "time", when, "event", "lost",
				     "count", (json_int_t)lost), JSON_COMPACT);
	else if (lost)
		printf("%s lost %llu events\n", when, (unsigned long long)lost);
	if (as_json) {
		json_print(to_json(event, when), JSON_COMPACT);
	} else {
		printf("%s ", when);
		print_text(event);
		flush_output();
	}
	if (left && !--left)
		exit(0);
}

/* Without a rule there are no events. */
static void warn_without_rules(void)
{
	struct report figures;

	if (!report_read(&figures, NULL, 0) && !figures.rules)
		warnx("no rule with -j CTFULL in this network namespace, and so no events");
}

int monitor_main(int argc, char **argv)
{
	static struct events events;
	int ret;

	options_parse(argc, argv, usage, options, NULL);
	ret = events_open(&events, true);
	if (!ret && events.present)
		warn_without_rules();
	while (ret >= 0 && !(ret & EVENTS_END))
		ret = events_wait(&events, -1, print_event, NULL);
	if (ret < 0)
		errx(ret == -EPERM ? EXIT_ERROR : EXIT_INTERRUPTED, "%s", report_error(ret));
	return 0;
}
