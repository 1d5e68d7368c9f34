using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Checks first come, first served, from the server's replies alone: a player who accepts anyone gets the player who
/// has waited longest in its pool. Considers only unambiguous cases: players who have been told to wait and nothing
/// else, and that within their timeout.
/// </summary>
internal sealed class FairnessChecker(World world)
{
    private readonly List<Waiting> _queue = [];
    private readonly HashSet<string> _keys = [];
    private readonly Dictionary<string, int> _registrations = [];
    private readonly TimeSpan _timeout = world.Options.PairingTimeout < world.Options.LongPairingTimeout
        ? world.Options.PairingTimeout
        : world.Options.LongPairingTimeout;

    /// <summary>Notes a reply as it leaves the server, whether or not it arrives.</summary>
    public void NoteReply(Request request, ReadOnlySpan<byte> reply, TimeSpan now)
    {
        if (request.Symbol == Symbol.Register)
        {
            if (reply.StartsWith("0/0/"u8))
                Join(request, Encoding.ASCII.GetString(reply[4..]), now);
            return;
        }

        if (request.Symbol >= Symbol.GameQuit)
            return;
        var index = _queue.FindIndex(one => one.Key == request.Key);
        if (index >= 0 && reply.SequenceEqual("0/2/*"u8))
        {
            _queue[index] = _queue[index] with { ToldAt = now };
            return;
        }

        if (index >= 0)
            _queue.RemoveAt(index);
        if (request.Symbol == Symbol.RequestPair && reply.StartsWith("0/3/"u8))
            OnPartner(Encoding.UTF8.GetString(reply[4..]), wasWaiting: index >= 0, now);
    }

    // A repeated registration says nothing about the player's state. Players who name a partner do not queue.
    private void Join(Request request, string key, TimeSpan now)
    {
        if (!_keys.Add(key))
            return;
        _registrations[request.Name] = _registrations.GetValueOrDefault(request.Name) + 1;
        if (request.Wanted is null)
            _queue.Add(new Waiting(key, request.Name, request.Pool, now));
    }

    private void OnPartner(string name, bool wasWaiting, TimeSpan now)
    {
        var partner = _queue.FindIndex(one => one.Name == name);
        if (wasWaiting && partner >= 0 && _registrations[name] == 1)
        {
            var passedOver = _queue.FindIndex(one => one.Pool == _queue[partner].Pool
                && now - one.ToldAt < _timeout);
            if (passedOver >= 0 && passedOver < partner)
                throw new MismatchException($"{_queue[passedOver].Name}, who registered first", name);
        }

        _queue.RemoveAll(one => one.Name == name);
    }

    private readonly record struct Waiting(string Key, string Name, string? Pool, TimeSpan ToldAt);
}
