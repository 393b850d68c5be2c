#!/bin/sh
# Runs a command for each message of a room that has a word in it, with the message behind its arguments:
#     watch.sh localhost 12345 ops alarm notify-send
# It needs jq, and OpenBSD's nc. The file $seen has the id of the last message, so that no message is left out.

host=$1 port=$2 room=$3 word=$4
shift 4
seen=$HOME/.chat-seen-$room
note() { echo "$1" >"$seen.new" && mv "$seen.new" "$seen"; }

while :; do
    jq -cn --arg room "$room" --arg after "$(cat "$seen" 2>/dev/null)" \
        '{type: "hello", name: "watch", rooms: {($room): ($after | tonumber? // null)}}' |
        nc -w 120 "$host" "$port" |
        jq -Rr --unbuffered --arg room "$room" --arg word "$word" 'fromjson? |
            if .type == "room" then "room \(.last)"
            elif .type == "error" or .type == "goodbye" then "\(.type) \(.code) \(.text)"
            elif .type != "message" or .room != $room then empty
            elif .notice or (.text | contains($word) | not) then "message \(.id)"
            else "message \(.id) \(.author): \(.text)" end' |
        while read -r kind id text; do
            case $kind in
                room) [ -s "$seen" ] || note "$id" ;;
                message) [ -z "$text" ] || "$@" "$text" </dev/null; note "$id" ;;
                *) echo "$text" >&2; [ "$kind $id" = "goodbye null" ] || [ "$kind" = error ] || exit 3 ;;
            esac
        done
    [ $? -ne 3 ] || exit 1
    sleep 5
done
