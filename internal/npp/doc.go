// Package npp is the vocabulary of reasons of the New Payments Platform: why an agreement was
// declined, suspended or cancelled, and why a payment or a refund was rejected. A code keeps its
// title, says in a sentence what it means, where it may appear and whether trying again can help.
// It is the platform's words for how a payment stands as well.
//
// A leaf: it imports nothing of ours and knows no rail. What a code means for us is the rail's to
// say.
package npp
