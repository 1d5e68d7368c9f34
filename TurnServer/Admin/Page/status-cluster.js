// Shows the cluster that the server belongs to; hidden without one.
import { Table } from "./status-tables.js";
import { bytes, moment, plural, setText, showFacts, span, whole } from "./status-format.js";

const section = document.getElementById("cluster");
const find = id => document.getElementById(id);
const seconds = date => (Date.now() - new Date(date)) / 1000;

const members = new Table(find("members").querySelector(".scroll"), "Servers of the cluster", [
    { title: "Address", cell: row => row.address },
    { title: "Role", cell: row => (row.isOwner ? "owner" : "standby") + (row.isSelf ? ", this server" : "") },
    { title: "Version", cell: row => row.version },
    { title: "Up", number: true, cell: row => span(seconds(row.startedAt)) },
    { title: "Behind", number: true, cell: row => plural(row.behind, "batch", "batches") },
]);
const etcd = new Table(find("etcd").querySelector(".scroll"), "Servers of etcd", [
    { title: "Address", cell: row => row.address },
    { title: "Version", cell: row => row.version ?? "–" },
    { title: "Database", number: true, cell: row => bytes(row.databaseBytes) },
    { title: "State", cell: row => row.error ?? (row.isLeader ? "leader" : "follower") },
]);
const takeOvers = new Table(find("takeovers").querySelector(".scroll"), "Takeovers of the table", [
    { title: "Time", cell: row => moment(new Date(row.at)) },
    { title: "Server", cell: row => row.address },
    { title: "Cause", cell: row => row.cause },
]);

/** Shows `cluster` of status.json. */
export function showCluster(cluster) {
    section.hidden = cluster === null;
    if (cluster === null) return;
    setText(find("cluster-title"), `Cluster ${cluster.name}`);
    const addresses = new Map(cluster.members.map(member => [member.id, member.address]));
    const since = cluster.ownedSince === null ? "" : ` since ${moment(new Date(cluster.ownedSince))}`;
    setText(find("members").querySelector(".note"), cluster.owner === null ? "No server owns the table."
        : `${addresses.get(cluster.owner) ?? cluster.owner} owns the table${since}.`);
    members.show(cluster.members);
    setText(find("etcd").querySelector(".note"), cluster.etcd === null ? "Not asked yet."
        : `Asked ${span(cluster.etcdAgeSeconds)} ago.`);
    etcd.show(cluster.etcd ?? []);
    setText(find("takeovers").querySelector(".note"), `${plural(cluster.epoch, "takeover", "takeovers")} in all`
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
