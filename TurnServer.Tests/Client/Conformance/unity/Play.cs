using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine;

namespace TurnServer.Client.Conformance
{
    /// <summary>
    /// Plays games, on one thread, as Unity's main one. New games go by UnityWebRequest, resumed ones by HttpClient.
    /// </summary>
    internal sealed class Play
    {
        // Shorter than a game's, so that tests are quick.
        private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(4);

        private readonly Queue<string> _commands = new Queue<string>();
        private readonly TurnOptions _options = new TurnOptions();
        private TaskCompletionSource<bool> _arrival = new TaskCompletionSource<bool>();
        private TurnGame _game;
        private bool _isOver;

        public void Run(TextReader input)
        {
            PlayerLoop.Begin();
            new Thread(() => Read(input)) { IsBackground = true }.Start();
            var carryingOut = CarryOutAllAsync();
            while (!_isOver)
            {
                PlayerLoop.RunFrame(Frame);
                if (carryingOut.IsFaulted)
                    Fail(carryingOut.Exception);
            }
        }

        private void Read(TextReader input)
        {
            for (string line; (line = input.ReadLine()) != null;)
            {
                var command = line;
                PlayerLoop.Post(() =>
                {
                    _commands.Enqueue(command);
                    _arrival.TrySetResult(true);
                });
            }

            PlayerLoop.Post(() => _isOver = true);
        }

        private async Task CarryOutAllAsync()
        {
            while (true)
            {
                await _arrival.Task;
                _arrival = new TaskCompletionSource<bool>();
                while (_commands.Count > 0)
                    await CarryOutAsync(_commands.Dequeue().Split(' '));
            }
        }

        private async Task CarryOutAsync(string[] fields)
        {
            switch (fields[0])
            {
                case "options":
                    foreach (var setting in fields.Skip(1))
                        Set(setting.Split('='));
                    break;
                case "register":
                    Start(await RegisterAsync(fields.Skip(1).Select(Client.Decode).ToArray()));
                    break;
                case "resume":
                    Start(await TurnGame.ResumeAsync(Client.Decode(fields[1]), new HttpClientTransport(), _options));
                    break;
                case "send":
                    Watch(SendAsync(Client.Decode(fields[1])));
                    break;
                case "post":
                    Save(Client.Decode(fields[1]));
                    await _game.PostAsync(Client.Decode(fields[1]));
                    break;
                case "quit":
                    var game = _game;
                    _game = null;
                    await game.QuitAsync();
                    Client.Print("left");
                    break;
                default:
                    Client.Print("error", Client.Encode($"not a command: {fields[0]}"));
                    break;
            }
        }

        private async Task<TurnResult<TurnGame>> RegisterAsync(string[] fields)
        {
            var player = new TurnClient(fields[0], new UnityWebRequestTransport(), _options);
            var refused = await player.RegisterAsync(fields[1], Optional(fields[2]), pool: Optional(fields[3]),
                token: Optional(fields[4]));
            if (refused != null)
                return refused;
            Client.Print("registered", Client.Encode(player.Token));
            while (true)
            {
                var pairing = await player.PairAsync();
                if (pairing.Fault != null)
                    return pairing.Fault;
                Client.Print("paired", Client.Encode(pairing.Value.Partner));
                var fault = await player.LoadAsync();
                var started = fault == null ? await player.PlayAsync() : fault;
                if (started.Fault?.Kind != TurnFaultKind.PartnerLeftEarly)
                    return started;
            }
        }

        private void Start(TurnResult<TurnGame> started)
        {
            if (started.Fault != null)
            {
                Client.Print("failed", NameOf(started.Fault.Kind));
                return;
            }

            _game = started.Value;
            Client.Print("started", $"{_game.Seat}");
            Save(null);
            Watch(ReceiveAsync(_game));
        }

        private async Task ReceiveAsync(TurnGame game)
        {
            for (string turn; (turn = await game.ReceiveAsync()) != null;)
            {
                Client.Print("turn", Client.Encode(turn));
                Save(null);
            }

            // Not after quit.
            if (_game == game)
                Client.Print("ended", NameOf(game.Ended.Kind));
        }

        private async Task SendAsync(string turn)
        {
            Save(turn);
            var fault = await _game.SendAsync(turn);
            if (fault == null)
                Client.Print("taken", Client.Encode(turn));
            else if (fault.IsTurnTooLong)
            {
                Client.Print("refused", Client.Encode(turn));
                Save(null);
            }
        }

        // To print is to store.
        private void Save(string next)
        {
            if (_game == null || !_options.SavesEachTurn)
                return;
            var text = _game.Save(next);
            Client.Print("save", Client.Encode(text));
            _game.Saved(text);
        }

        private void Set(string[] setting)
        {
            var value = Client.Seconds(setting[1]);
            switch (setting[0])
            {
                case "wait": _options.Wait = value; break;
                case "keepAlive": _options.KeepAlive = value; break;
                case "pollInterval": _options.PollInterval = value; break;
                case "replyTimeout": _options.ReplyTimeout = value; break;
                case "patience": _options.Patience = value; break;
                case "firstPause": _options.FirstPause = value; break;
                case "longestPause": _options.LongestPause = value; break;
                case "savesEachTurn": _options.SavesEachTurn = value > TimeSpan.Zero; break;
                default: Client.Print("error", Client.Encode($"not an option: {setting[0]}")); break;
            }
        }

        private async void Watch(Task task)
        {
            try
            {
                await task;
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        private void Fail(Exception e)
        {
            Client.Print("error", Client.Encode(e.ToString()));
            _isOver = true;
        }

        private static string Optional(string field) => field.Length == 0 ? null : field;

        private static string NameOf(TurnFaultKind kind)
        {
            var name = kind.ToString();
            return char.ToLowerInvariant(name[0]) + name.Substring(1);
        }
    }
}
