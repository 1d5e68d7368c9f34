using Microsoft.Extensions.Logging;
using TurnServer.Rules;

namespace TurnServer.Cluster;

/// <summary>
/// Tells the operator that the shards of this server cannot append, or cannot follow: an outage of the store concerns
/// dozens of them at the same time, and is told once; and its end once it is over for all of them.
/// </summary>
/// <param name="log">For the operator.</param>
internal sealed class StoreOutages(ILogger log)
{
    /// <summary>Shards that this server owns and cannot append to.</summary>
    public Outage Appending { get; } = new(reason => Log.ClusterStalled(log, reason), () => Log.ClusterResumed(log));

    /// <summary>Shards that this server follows and cannot read.</summary>
    public Outage Following { get; } = new(reason => Log.LogUnavailable(log, reason), () => Log.LogAvailable(log));

    /// <summary>What shards cannot do meanwhile. Any thread.</summary>
    /// <param name="began">Tells the operator that it has begun, and why.</param>
    /// <param name="ended">Tells the operator that it is over.</param>
    internal sealed class Outage(Action<string> began, Action ended)
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<int, Kind> _shards = [];
        private bool _isTold;
        private bool _hasEndedForSome;

        private enum Kind
        {
            NoAnswer,
            Denied,
            Full,
            GoneBack,
        }

        /// <summary>Notes that a shard cannot, and why. Told unless another shard cannot for such a reason.</summary>
        public void Begin(ShardRole shard, LogUnavailableException reason)
        {
            var kind = KindOf(reason);
            lock (_gate)
            {
                var isKnown = _shards.Any(other => other.Key != shard.Number && other.Value == kind);
                _shards[shard.Number] = kind;
                (_isTold, _hasEndedForSome) = (true, false);
                if (!isKnown)
                    began(kind == Kind.GoneBack ? $"{NameOf(shard)}{reason.Message}" : reason.Message);
            }
        }

        /// <summary>Notes that a shard can, perhaps again. Told when all can.</summary>
        public void End(ShardRole shard)
        {
            lock (_gate)
            {
                _hasEndedForSome |= _isTold;
                _shards.Remove(shard.Number);
                TellEnd();
            }
        }

        /// <summary>
        /// Notes that a shard need not any more. With one table for everything, other messages say why.
        /// </summary>
        public void Leave(ShardRole shard)
        {
            lock (_gate)
            {
                _shards.Remove(shard.Number);
                _isTold &= shard != ShardRole.Whole;
                TellEnd();
            }
        }

        // Not before one can again: all may have left while the store does not answer.
        private void TellEnd()
        {
            if (_shards.Count > 0 || !_isTold || !_hasEndedForSome)
                return;
            (_isTold, _hasEndedForSome) = (false, false);
            ended();
        }

        // Each log goes back from a position of its own.
        private static string NameOf(ShardRole shard) =>
            shard == ShardRole.Whole ? "" : FormattableString.Invariant($"shard {shard.Number}: ");

        private static Kind KindOf(LogUnavailableException reason) => reason switch
        {
            { HasGoneBack: true } => Kind.GoneBack,
            { IsFull: true } => Kind.Full,
            { IsDenied: true } => Kind.Denied,
            _ => Kind.NoAnswer,
        };
    }
}
