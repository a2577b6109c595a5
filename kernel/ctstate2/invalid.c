// SPDX-License-Identifier: GPL-2.0-only
#include "invalid.h"

enum xt_ctstate2_reason ctstate2_invalid_reason(const struct sk_buff *skb,
						const struct nf_hook_state *state)
{
	return XT_CTSTATE2_REASON_OTHER;
}
