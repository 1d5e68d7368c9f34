using System;
using System.Threading;
using System.Threading.Tasks;
using TurnServer.Client;
using UnityEngine;

/// <summary>
/// A player who counts with a partner: "1", "2", "3" in turn. Put it on two objects of a scene, named Ann and Bob, or
/// into two builds. When a phone ends the app in the background, the next start goes on counting.
/// </summary>
public sealed class CountingPlayer : MonoBehaviour
{
    private const int Last = 20;

    [SerializeField] private string _url = "http://localhost:8080/";
    [SerializeField] private string _pool = "counting-v1";

    private readonly CancellationTokenSource _destroyed = new CancellationTokenSource();
    private TurnGame _game;
    private int _count;

    // What is stored is the game's state, the last number, together with the saved seat.
    private string SeatKey => $"turnserver {name} seat";

    private string CountKey => $"turnserver {name} count";

    private async void Start()
    {
        try
        {
            var started = PlayerPrefs.HasKey(SeatKey) ? await ResumeAsync() : await RegisterAsync();
            if (started.Fault != null)
            {
                Debug.Log($"{name}: {started.Fault.Meaning}");
                return;
            }

            _game = started.Value;
            await CountAsync();
            Debug.Log($"{name}: {(_game.Ended == null ? "done" : _game.Ended.Meaning)}");
            Forget();
        }
        catch (OperationCanceledException)
        {
            // The object was destroyed.
        }
    }

    private void OnApplicationPause(bool isPaused)
    {
        if (_game == null || _game.Ended != null)
            return;
        // A phone may end the app at any time from now on.
        if (isPaused)
            Store(_game.Save());
        else
            Forget();
    }

    private void OnDestroy()
    {
        _destroyed.Cancel();
        _game?.Dispose();
    }

    private async Task<TurnResult<TurnGame>> ResumeAsync()
    {
        _count = PlayerPrefs.GetInt(CountKey);
        var resumed = await TurnGame.ResumeAsync(PlayerPrefs.GetString(SeatKey), new UnityWebRequestTransport(),
            cancel: _destroyed.Token);
        // An unreachable server may still have the game at the next start.
        if (resumed.Fault != null && resumed.Fault.Kind != TurnFaultKind.Unreachable)
            Forget();
        return resumed;
    }

    private async Task<TurnResult<TurnGame>> RegisterAsync()
    {
        var player = new TurnClient(_url, new UnityWebRequestTransport());
        var refused = await player.RegisterAsync(name, pool: _pool, cancel: _destroyed.Token);
        if (refused != null)
            return refused;
        while (true)
        {
            var pairing = await player.PairAsync(_destroyed.Token);
            if (pairing.Fault != null)
                return pairing.Fault;
            Debug.Log($"{name}: plays with {pairing.Value.Partner}");
            var fault = await player.LoadAsync(_destroyed.Token);
            var started = fault == null ? await player.PlayAsync(_destroyed.Token) : fault;
            if (started.Fault?.Kind != TurnFaultKind.PartnerLeftEarly)
                return started;
        }
    }

    private async Task CountAsync()
    {
        while (_count < Last)
        {
            // Seat 0 has the odd numbers.
            if (_count % 2 == _game.Seat)
            {
                _count++;
                await _game.PostAsync(_count.ToString());
                continue;
            }

            var turn = await _game.ReceiveAsync(_destroyed.Token);
            if (turn == null)
                return;
            Debug.Log($"{name}: receives {turn}");
            _count = int.Parse(turn);
        }

        await _game.QuitAsync(_destroyed.Token);
    }

    private void Store(string seat)
    {
        PlayerPrefs.SetString(SeatKey, seat);
        PlayerPrefs.SetInt(CountKey, _count);
        PlayerPrefs.Save();
        _game.Saved(seat);
    }

    private void Forget()
    {
        PlayerPrefs.DeleteKey(SeatKey);
        PlayerPrefs.DeleteKey(CountKey);
    }
}
