// Shows the cluster that the server belongs to; hidden without one.
import { Table } from "./status-tables.js";
import { bytes, moment, plural, setText, showFacts, span, whole } from "./status-format.js";

const section = document.getElementById("cluster");
const find = id => document.getElementById(id);
const seconds = date => (Date.now() - new Date(date)) / 1000;

const region = id => find(id).querySelector(".scroll");
const note = (id, text) => setText(find(id).querySelector(".note"), text);
const shardName = number => number === 0 ? "lobby" : String(number);

/** Whether the tables are those of a cluster with shards; null: there are none yet. */
let hasShards = null;
let members;
let takeOvers;
const etcd = new Table(region("etcd"), "Servers of etcd", [
    { title: "Address", cell: row => row.address },
    { title: "Version", cell: row => row.version ?? "–" },
    { title: "Database", number: true, cell: row => bytes(row.databaseBytes) },
    { title: "State", cell: row => row.error ?? (row.isLeader ? "leader" : "follower") },
]);
const shards = new Table(region("shards"), "Shards of the cluster", [
    { title: "Shard", number: true, cell: row => shardName(row.number), key: row => row.number },
    { title: "Owner", cell: row => row.address ?? "none", key: row => row.address },
    { title: "Holds", number: true, cell: row => holds(row), key: row => row.number === 0 ? row.players : row.games },
    { title: "Turns", number: true, cell: row => whole(row.turns), key: row => row.turns },
    { title: "Messages waiting", number: true, cell: row => whole(row.messagesWaiting),
        key: row => row.messagesWaiting },
    { title: "Takeovers", number: true, cell: row => whole(row.epoch), key: row => row.epoch },
]);

// The lobby has players and no games; the other shards have games.
function holds(shard) {
    if (shard.games === null) return "–";
    return shard.number === 0 ? plural(shard.players, "player", "players") : plural(shard.games, "game", "games");
}

function role(member) {
    const name = !hasShards ? (member.isOwner ? "owner" : "standby")
        : member.isLeaving ? "leaving" : `owns ${plural(member.shards, "shard", "shards")}`;
    return name + (member.isSelf ? ", this server" : "");
}

function makeTables() {
    members = new Table(region("members"), "Servers of the cluster", [
        { title: "Address", cell: row => row.address },
        { title: "Role", cell: role },
        { title: "Version", cell: row => row.version },
        { title: "Up", number: true, cell: row => span(seconds(row.startedAt)) },
        hasShards ? { title: "Shards", number: true, cell: row => whole(row.shards) }
            : { title: "Behind", number: true, cell: row => plural(row.behind, "batch", "batches") },
    ]);
    takeOvers = new Table(region("takeovers"), hasShards ? "Takeovers of shards" : "Takeovers of the table", [
        { title: "Time", cell: row => moment(new Date(row.at)) },
        ...hasShards ? [{ title: "Shard", number: true, cell: row => shardName(row.shard) }] : [],
        { title: "Server", cell: row => row.address },
        { title: "Cause", cell: row => row.cause },
    ]);
}

function showShards(rows, addresses) {
    find("shards").hidden = rows === null;
    if (rows === null) return;
    const owners = new Set(rows.map(row => row.owner).filter(owner => owner !== null));
    const ownerless = rows.filter(row => row.owner === null).length;
    note("shards", `${plural(rows.length, "shard", "shards")} on ${plural(owners.size, "server", "servers")}`
        + (ownerless === 0 ? "" : `; ${whole(ownerless)} without an owner`));
    shards.show(rows.map(row => ({ ...row, address: addresses.get(row.owner) ?? row.owner })));
}

/** Shows `cluster` of status.json. */
export function showCluster(cluster) {
    section.hidden = cluster === null;
    if (cluster === null) return;
    setText(find("cluster-title"), `Cluster ${cluster.name}`);
    if (hasShards !== (cluster.shards !== null)) {
        hasShards = cluster.shards !== null;
        makeTables();
    }
    const addresses = new Map(cluster.members.map(member => [member.id, member.address]));
    const since = cluster.ownedSince === null ? "" : ` since ${moment(new Date(cluster.ownedSince))}`;
    const table = hasShards ? "lobby" : "table";
    note("members", cluster.owner === null ? `No server owns the ${table}.`
        : `${addresses.get(cluster.owner) ?? cluster.owner} owns the ${table}${since}.`);
    members.show(cluster.members);
    showShards(cluster.shards, addresses);
    note("etcd", cluster.etcd === null ? "Not asked yet." : `Asked ${span(cluster.etcdAgeSeconds)} ago.`);
    etcd.show(cluster.etcd ?? []);
    note("takeovers", `${plural(cluster.epoch, "takeover", "takeovers")} in all`
        + (cluster.takeOvers.length < cluster.epoch ? `; ${whole(cluster.takeOvers.length)} known here` : ""));
    takeOvers.show(cluster.takeOvers.map(row => ({ ...row, address: addresses.get(row.by) ?? row.by })).reverse());
    const { append } = cluster;
    const mean = append.meanMilliseconds === null ? "–" : `${append.meanMilliseconds.toFixed(1)}\u202Fms`;
    showFacts("log", [
        ["Batches appended by this server", whole(append.batches)], ["Their size", bytes(append.bytes)],
        ["Mean of the last minute", mean], ["Failed attempts", whole(append.failures)],
        ["Latest snapshot", cluster.snapshotBytes === 0 ? "none" : bytes(cluster.snapshotBytes)],
    ]);
}
