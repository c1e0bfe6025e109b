#!/bin/bash
# The part of the self-test that runs in the guest: modules, two namespaces with a drop between
# them, a kprobe on it.

set -euo pipefail

probe=nfttraced_lab
tracing=/sys/kernel/tracing

for module in nf_tables nf_conntrack nft_ct nft_chain_nat nft_log nft_limit nft_reject_inet nft_queue nft_numgen \
        nft_fib_inet nfnetlink_queue nfnetlink_log nf_log_syslog nft_masq nft_redir nft_quota nft_socket nft_tproxy \
        nft_synproxy nft_flow_offload nft_dup_ipv4 nft_fwd_netdev nft_meta_bridge nft_compat \
        veth dummy bridge br_netfilter 8021q macvlan vxlan ip_gre ifb tun sctp sch_netem sch_ingress cls_bpf act_mirred; do
        case $module in
        # Built into nf_tables or gone in some kernels.
        nft_meta_bridge | nft_dup_ipv4 | nft_fwd_netdev)
                modprobe "$module" 2>/dev/null || echo "no module $module here"
                ;;
        *)
                modprobe "$module" || { echo "modprobe $module failed"; exit 1; }
                ;;
        esac
done

ip netns add left
ip netns add right
ip link add left0 netns left type veth peer name right0 netns right
ip -n left addr add 192.0.2.1/24 dev left0
ip -n right addr add 192.0.2.2/24 dev right0
for side in left right; do
        ip -n "$side" link set lo up
        ip -n "$side" link set "${side}0" up
done
ip netns exec left ping -c 1 -W 5 192.0.2.2 || { echo "no way through the veth"; exit 1; }

ip netns exec right nft -f - <<'END'
table inet lab {
        chain input {
                type filter hook input priority 0
                meta nftrace set 1
                ip protocol icmp counter drop
        }
}
END

echo "p:$probe __nft_trace_packet" >>"$tracing/kprobe_events"
echo 1 >"$tracing/events/kprobes/$probe/enable"
! ip netns exec left ping -c 1 -W 2 192.0.2.2 || { echo "nft did not drop"; exit 1; }
ip netns exec right nft list table inet lab | tee /dev/stderr | grep -q 'counter packets 1 '
echo 0 >"$tracing/events/kprobes/$probe/enable"
hits=$(grep -c "$probe" "$tracing/trace")
echo "-:$probe" >>"$tracing/kprobe_events"
[ "$hits" -gt 0 ] || { echo "the kprobe saw nothing"; exit 1; }
echo "the kprobe saw $hits calls"
