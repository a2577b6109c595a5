// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull monitor - the events of -j CTFULL, as they come
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <time.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull monitor [OPTION]...\n"
	"\n"
	"Prints the events of -j CTFULL, a line each: changes of the level, and packets that\n"
	"were refused. Goes on when xt_ctfull is loaded anew.\n"
	"\n"
	"  -j, --json       as JSON, an object a line\n"
	"  -c, --count N    ends after N events\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "count", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct monitor {
	bool json;
	bool limited;
	unsigned int left;
};

static void endpoint(const struct report *event, const uint8_t *addr, bool has_port,
		     uint16_t port, char *text, size_t size)
{
	char a[ADDR_LEN];

	addr_text(event->family, addr, a);
	if (!has_port)
		snprintf(text, size, "%s", a);
	else if (event->family == NFPROTO_IPV6)
		snprintf(text, size, "[%s]:%u", a, port);
	else
		snprintf(text, size, "%s:%u", a, port);
}

static const char *action_name(uint32_t action)
{
	return action == CTFULL_ACTION_DROP ? "drop" :
	       action == CTFULL_ACTION_UNTRACK ? "untrack" : "unknown";
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
	if (*event->in)
		printf(" in=%s", event->in);
	if (*event->out)
		printf(" out=%s", event->out);
	if (event->zone)
		printf(" zone=%u", event->zone);
	if (report_has(event, CTFULL_A_BY_RESERVE))
		printf(" by=reserve");
	printf(" count=%u max=%u refused=%llu suppressed=%llu\n", event->count, event->max,
	       (unsigned long long)event->refused, (unsigned long long)event->suppressed);
}

static json_t *to_json(const struct report *event, const char *when)
{
	char addr[ADDR_LEN], name[16];
	json_t *json;

	json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "time", when,
			 "event", event->cmd == CTFULL_CMD_LEVEL ? "level" : "refused",
			 "seq", (json_int_t)event->seq, "count", (json_int_t)event->count,
			 "max", (json_int_t)event->max, "refused", (json_int_t)event->refused);
	if (event->cmd == CTFULL_CMD_LEVEL) {
		json_object_set_new(json, "level", json_string(level_name(event->level)));
		json_object_set_new(json, "warn_at", json_integer(event->warn_at));
		json_object_set_new(json, "percent", event->max ?
				    json_real(per_mille(event->count, event->max) / 10.0) :
				    json_null());
		return json;
	}
	json_object_set_new(json, "suppressed", json_integer(event->suppressed));
	json_object_set_new(json, "action", json_string(action_name(event->action)));
	json_object_set_new(json, "by_reserve",
			    json_boolean(report_has(event, CTFULL_A_BY_RESERVE)));
	json_object_set_new(json, "protocol",
			    json_string(protocol_name(event->protocol, name, sizeof(name))));
	json_object_set_new(json, "source",
			    json_string(addr_text(event->family, event->src, addr)));
	json_object_set_new(json, "destination",
			    json_string(addr_text(event->family, event->dst, addr)));
	/* Only what the packet has */
	if (report_has(event, CTFULL_A_ICMP_TYPE)) {
		json_object_set_new(json, "icmp_type", json_integer(event->icmp_type));
		if (report_has(event, CTFULL_A_SPORT))
			json_object_set_new(json, "icmp_id", json_integer(event->sport));
	} else if (report_has(event, CTFULL_A_SPORT)) {
		json_object_set_new(json, "source_port", json_integer(event->sport));
	}
	if (report_has(event, CTFULL_A_DPORT))
		json_object_set_new(json, "destination_port", json_integer(event->dport));
	if (*event->in)
		json_object_set_new(json, "in", json_name(event->in));
	if (*event->out)
		json_object_set_new(json, "out", json_name(event->out));
	json_object_set_new(json, "zone", json_integer(event->zone));
	return json;
}

static void print_event(const struct report *event, uint64_t lost, void *data)
{
	struct monitor *monitor = data;
	char when[32];

	if (monitor->limited && !monitor->left)
		return;
	monitor->left--;
	time_text(time(NULL), when, sizeof(when));
	if (lost && monitor->json)
		print_json(json_pack("{s:s, s:s, s:I}", "time", when, "event", "lost",
				     "count", (json_int_t)lost), JSON_COMPACT);
	else if (lost)
		printf("%s lost %llu events\n", when, (unsigned long long)lost);
	if (monitor->json) {
		print_json(to_json(event, when), JSON_COMPACT);
		return;
	}
	printf("%s ", when);
	print_text(event);
	if (fflush(stdout))
		die("cannot write: %s", strerror(errno));
}

/* Without a rule there is nothing to come. */
static void tell_of_rules(void)
{
	struct report figures;

	if (!ctfull_read(&figures, NULL, 0) && !figures.rules)
		complain("no rule with -j CTFULL in this namespace: nothing comes before one");
}

int monitor_main(int argc, char **argv)
{
	struct monitor monitor = { 0 };
	static struct events events;
	int c, ret;

	while ((c = getopt_long(argc, argv, "jc:h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			monitor.json = true;
			break;
		case 'c':
			monitor.limited = true;
			monitor.left = number("--count", optarg, 1, UINT32_MAX);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	ret = events_open(&events, true);
	if (!ret && events.present)
		tell_of_rules();
	while (ret >= 0 && !(ret & EVENTS_STOP) && !(monitor.limited && !monitor.left))
		ret = events_wait(&events, -1, print_event, &monitor);
	if (ret == -EPERM)
		die("%s", ctfull_error(ret));
	if (ret < 0)
		give_up("%s", ctfull_error(ret));
	return 0;
}
