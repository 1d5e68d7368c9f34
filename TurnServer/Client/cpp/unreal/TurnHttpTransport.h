// Sends the requests of turn_client.hpp by Unreal's HTTP module ("HTTP" in the module's Build.cs). Written from the
// documentation of Unreal Engine 5; not compiled against the engine.
//
// The module calls back on the game thread, so call update() of client and game there, such as in Tick. A held reply
// brings no bytes for `wait`, so in DefaultEngine.ini keep these above wait + replyTimeout (20 s by default):
//     [HTTP]
//     HttpActivityTimeout=30
//     HttpConnectionTimeout=30
// Both are 30 unless the project says otherwise; older engines have HttpReceiveTimeout and HttpTimeout in their place.
// Some platforms follow redirects and turn the POST into a GET: give the final URL.
#pragma once

#include "CoreMinimal.h"
#include "HttpModule.h"
#include "Interfaces/IHttpRequest.h"
#include "Interfaces/IHttpResponse.h"

#include "turn_client.hpp"

/** One for all clients and games of the game thread; it must outlive them. */
class FTurnHttpTransport final : public turnserver::Transport
{
public:
	virtual ~FTurnHttpTransport() override
	{
		TArray<uint64> Handles;
		Requests.GetKeys(Handles);
		for (const uint64 Key : Handles)
		{
			cancel(Key);
		}
	}

	virtual Handle post(Request Post, std::function<void(Response)> Done) override
	{
		const Handle Key = ++LastHandle;
		const FRequestRef Http = FHttpModule::Get().CreateRequest();
		Http->SetVerb(TEXT("POST"));
		Http->SetURL(UTF8_TO_TCHAR(Post.url.c_str()));
		for (const auto& Header : Post.headers)
		{
			Http->SetHeader(UTF8_TO_TCHAR(Header.first.c_str()), UTF8_TO_TCHAR(Header.second.c_str()));
		}

		// Bytes rather than SetContentAsString: a repetition must be the same in every byte.
		TArray<uint8> Body;
		Body.Append(reinterpret_cast<const uint8*>(Post.body.data()), static_cast<int32>(Post.body.size()));
		Http->SetContent(MoveTemp(Body));

		// The client gives up first; this is for the case that update() is not called any more.
		Http->SetTimeout(std::chrono::duration<float>(Post.timeout).count() + 5.0f);
		Http->OnProcessRequestComplete().BindLambda(
			[this, Key, Done = MoveTemp(Done)](FHttpRequestPtr, FHttpResponsePtr Reply, bool bConnectedSuccessfully)
			{
				// The lambda may be destroyed with the request.
				const std::function<void(Response)> Call = Done;
				Requests.Remove(Key);
				Call(bConnectedSuccessfully && Reply.IsValid() ? Read(*Reply) : NoReply());
			});
		Requests.Add(Key, Http);
		Http->ProcessRequest();
		return Key;
	}

	virtual void cancel(Handle Key) override
	{
		if (const FRequestRef* Found = Requests.Find(Key))
		{
			const FRequestRef Http = *Found;
			Requests.Remove(Key);
			// A cancelled request completes as well.
			Http->OnProcessRequestComplete().Unbind();
			Http->CancelRequest();
		}
	}

private:
	using FRequestRef = TSharedRef<IHttpRequest, ESPMode::ThreadSafe>;

	static Response NoReply()
	{
		Response Result;
		Result.reason = "no connection, or it was closed";
		return Result;
	}

	static Response Read(IHttpResponse& Reply)
	{
		Response Result;
		Result.status = Reply.GetResponseCode();
		const TArray<uint8>& Body = Reply.GetContent();
		Result.body.assign(reinterpret_cast<const char*>(Body.GetData()), static_cast<std::size_t>(Body.Num()));
		for (const FString& Line : Reply.GetAllHeaders())
		{
			FString Name, Value;
			if (Line.Split(TEXT(":"), &Name, &Value))
			{
				Value.TrimStartAndEndInline();
				Result.headers.emplace_back(TCHAR_TO_UTF8(*Name), TCHAR_TO_UTF8(*Value));
			}
		}
		return Result;
	}

	Handle LastHandle = 0;
	TMap<uint64, FRequestRef> Requests;
};
